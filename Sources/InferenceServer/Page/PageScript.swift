/// What the page does. All text from models is set as text, never as markup.
enum PageScript {
  static let drawing = #"""
    'use strict';
    const byId = id => document.getElementById(id);
    function element(name, text, className) {
      const made = document.createElement(name);
      if (text !== undefined) made.textContent = text;
      if (className) made.className = className;
      return made;
    }
    function shape(name, attributes) {
      const made = document.createElementNS('http://www.w3.org/2000/svg', name);
      for (const key in attributes) made.setAttribute(key, attributes[key]);
      return made;
    }
    function line(svg, values) {
      const top = Math.max(...values, 1e-9);
      const step = 300 / Math.max(values.length - 1, 1);
      const points = values.map((v, i) => (i ? 'L' : 'M') + (i * step).toFixed(1) + ' ' + (88 - 84 * v / top).toFixed(1));
      svg.setAttribute('viewBox', '0 0 300 90');
      svg.setAttribute('preserveAspectRatio', 'none');
      svg.replaceChildren(shape('path', { d: points.join('') || 'M0 88' }));
    }
    function bars(svg, values, labels) {
      const top = Math.max(...values, 1);
      const step = 300 / values.length;
      svg.setAttribute('viewBox', '0 0 300 90');
      svg.setAttribute('preserveAspectRatio', 'none');
      svg.replaceChildren(...values.map((v, i) => {
        const bar = shape('rect', { x: i * step + 1, width: step - 2, y: 88 - 84 * v / top, height: 84 * v / top });
        const title = shape('title', {});
        title.textContent = labels[i] + ': ' + v;
        bar.append(title);
        return bar;
      }));
    }
    function table(target, heads, rows) {
      const head = element('tr');
      for (const [text, kind] of heads) head.append(element('th', text, kind));
      const lines = rows.map(cells => {
        const row = element('tr');
        cells.forEach((cell, i) => {
          const data = element('td', cell instanceof Node ? undefined : cell, heads[i][1]);
          if (cell instanceof Node) data.append(cell);
          row.append(data);
        });
        return row;
      });
      target.replaceChildren(head, ...lines);
    }
    const bytes = n => n < 1024 ? n + ' B' : n < 1048576 ? (n / 1024).toFixed(1) + ' KiB' : (n / 1048576).toFixed(1) + ' MiB';
    """#

  static let inference = #"""
    const arrays = { FP32: Float32Array, FP64: Float64Array, INT8: Int8Array, UINT8: Uint8Array, INT16: Int16Array,
      UINT16: Uint16Array, INT32: Int32Array, UINT32: Uint32Array, INT64: BigInt64Array, UINT64: BigUint64Array, BOOL: Uint8Array };
    const numpyTypes = { '<f4': 'FP32', '<f8': 'FP64', '<f2': 'FP16', '|i1': 'INT8', '|u1': 'UINT8', '<i2': 'INT16', '<u2': 'UINT16',
      '<i4': 'INT32', '<u4': 'UINT32', '<i8': 'INT64', '<u8': 'UINT64', '|b1': 'BOOL' };
    const sizes = { FP16: 2, BF16: 2 };
    const sizeOf = type => sizes[type] || (arrays[type] && arrays[type].BYTES_PER_ELEMENT);
    const product = dims => dims.reduce((a, b) => a * b, 1);
    function readNumpy(buffer) {
      const head = new Uint8Array(buffer);
      if (head[0] !== 0x93 || String.fromCharCode(...head.slice(1, 6)) !== 'NUMPY') throw Error('this is no .npy file');
      const view = new DataView(buffer);
      const [length, start] = head[6] === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
      const text = new TextDecoder('latin1').decode(head.slice(start, start + length));
      const descr = /'descr':\s*'([^']+)'/.exec(text), order = /'fortran_order':\s*(True|False)/.exec(text);
      const dims = /'shape':\s*\(([^)]*)\)/.exec(text);
      if (!descr || !dims || !order) throw Error('the .npy header cannot be read');
      if (order[1] === 'True') throw Error('the array is in Fortran order');
      const type = numpyTypes[descr[1]];
      if (!type) throw Error('arrays of type ' + descr[1] + ' cannot be sent');
      return { type, shape: dims[1].split(',').map(s => s.trim()).filter(s => s).map(Number), data: buffer.slice(start + length) };
    }
    function zeros(input) {
      const dims = input.shape.map(d => d < 0 ? 1 : d);
      if (input.datatype === 'BYTES') return { shape: dims, data: new Uint8Array(4 * product(dims)).buffer };
      return { shape: dims, data: new ArrayBuffer(product(dims) * sizeOf(input.datatype)) };
    }
    async function readPicture(file, input) {
      const dims = input.shape.map(d => d < 0 ? 1 : d);
      if (dims.length < 3) throw Error(input.name + ' takes no picture: its shape is [' + input.shape + ']');
      const [a, b, c] = dims.slice(-3);
      const planar = (a === 1 || a === 3) && c !== 1 && c !== 3;
      const [channels, height, width] = planar ? [a, b, c] : [c, a, b];
      if (channels !== 1 && channels !== 3) throw Error(input.name + ' has ' + channels + ' channels, not 1 or 3');
      const picture = await createImageBitmap(file);
      const canvas = byId('preview');
      canvas.width = width; canvas.height = height; canvas.hidden = false;
      const drawing = canvas.getContext('2d');
      drawing.drawImage(picture, 0, 0, width, height);
      const pixels = drawing.getImageData(0, 0, width, height).data;
      const kind = arrays[input.datatype];
      if (!kind || input.datatype.includes('64') && input.datatype !== 'FP64') throw Error('pictures cannot be sent as ' + input.datatype);
      const values = new kind(product(dims));
      const factor = input.datatype.startsWith('FP') && byId('scale').checked ? 1 / 255 : 1;
      const offset = input.datatype === 'INT8' ? -128 : 0;
      for (let i = 0; i < width * height; i++) {
        const rgb = [pixels[4 * i], pixels[4 * i + 1], pixels[4 * i + 2]];
        const shown = channels === 3 ? rgb : [0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]];
        shown.forEach((v, k) => { values[planar ? k * width * height + i : i * channels + k] = (factor === 1 ? Math.round(v) : v) * factor + offset; });
      }
      return { shape: dims, data: values.buffer };
    }
    function shown(output, buffer) {
      if (output.datatype === 'BYTES') {
        const view = new DataView(buffer), strings = [];
        for (let at = 0; at + 4 <= buffer.byteLength;) {
          const length = view.getUint32(at, true);
          strings.push(new TextDecoder().decode(buffer.slice(at + 4, at + 4 + length)));
          at += 4 + length;
        }
        return strings;
      }
      const kind = arrays[output.datatype];
      return kind ? Array.from(new kind(buffer), v => typeof v === 'bigint' ? v : Math.round(v * 1e6) / 1e6) : ['(' + output.datatype + ')'];
    }
    async function infer(model, given) {
      const parts = model.inputs.map(input => given[input.name] || zeros(input));
      const head = new TextEncoder().encode(JSON.stringify({
        parameters: { binary_data_output: true },
        inputs: model.inputs.map((input, i) => ({ name: input.name, datatype: input.datatype, shape: parts[i].shape,
          parameters: { binary_data_size: parts[i].data.byteLength } })) }));
      const began = performance.now();
      const response = await fetch('v2/models/' + encodeURIComponent(model.name) + '/versions/' + model.version + '/infer', {
        method: 'POST', body: new Blob([head, ...parts.map(p => p.data)]),
        headers: { ...authorization(), 'Inference-Header-Content-Length': head.length } });
      const took = performance.now() - began;
      const buffer = await response.arrayBuffer();
      const length = Number(response.headers.get('Inference-Header-Content-Length') || buffer.byteLength);
      const answer = JSON.parse(new TextDecoder().decode(buffer.slice(0, length)));
      if (!response.ok) throw Error(answer.error);
      let at = length;
      return took.toFixed(1) + ' ms\n' + answer.outputs.map(output => {
        const size = output.parameters.binary_data_size, values = shown(output, buffer.slice(at, at + size));
        at += size;
        const best = values.length > 2 && typeof values[0] === 'number' ? values.indexOf(values.reduce((a, b) => b > a ? b : a)) : -1;
        return output.name + ' ' + output.datatype + ' [' + output.shape + ']' + (best >= 0 ? ', largest at ' + best : '') + '\n  '
          + values.slice(0, 200).join(', ') + (values.length > 200 ? ', … ' + (values.length - 200) + ' more' : '');
      }).join('\n');
    }
    """#

  static let main = #"""
    let data = null, chosen = null, drawnFor = '';
    const history = {};
    const key = model => model.name + '/' + model.version;
    const authorization = () => byId('token').value ? { Authorization: 'Bearer ' + byId('token').value } : {};
    function record(model, now) {
      const past = history[key(model)] || (history[key(model)] = { samples: [], last: null });
      if (past.last && now > past.last.now) {
        const count = model.success - past.last.success;
        past.samples.push({ rate: 1000 * count / (now - past.last.now),
          latency: count > 0 ? (model.total_ns - past.last.total_ns) / count / 1e6 : 0 });
        if (past.samples.length > 120) past.samples.shift();
      }
      past.last = { now, success: model.success, total_ns: model.total_ns };
    }
    function quantile(latency, share) {
      const total = latency.counts.reduce((a, b) => a + b, 0);
      let seen = 0;
      for (let i = 0; i < latency.counts.length; i++) {
        seen += latency.counts[i];
        if (total && seen >= share * total) return i < latency.bounds.length ? '≤ ' + latency.bounds[i] / 1000 : '> 10000';
      }
      return '–';
    }
    function drawModels() {
      byId('models').replaceChildren(...data.models.map(model => {
        const button = element('button', model.name);
        button.append(element('small', ' v' + model.version));
        button.setAttribute('aria-current', String(key(model) === chosen));
        button.onclick = () => { chosen = key(model); draw(); };
        return button;
      }));
      byId('problems').replaceChildren(...data.index.map(entry =>
        element('p', entry.name + ' ' + entry.version + ': ' + (entry.state || 'not loaded') + (entry.reason ? ', ' + entry.reason : ''), 'bad')));
    }
    function drawFixed(model) {
      if (drawnFor === key(model)) return;
      drawnFor = key(model);
      byId('title').textContent = model.name + ', version ' + model.version;
      for (const side of ['inputs', 'outputs'])
        table(byId(side), [['name'], ['type'], ['shape']], model[side].map(t => [t.name, t.datatype, '[' + t.shape.join(', ') + ']']));
      byId('input').replaceChildren(...model.inputs.map(input => element('option', input.name)));
      byId('answer').textContent = '';
      byId('preview').hidden = true;
    }
    function draw() {
      drawModels();
      const model = data.models.find(m => key(m) === chosen) || data.models[0];
      byId('detail').hidden = !model;
      if (!model) return;
      chosen = key(model);
      drawFixed(model);
      byId('facts').textContent = `${model.delegate}, ${model.instances} instance(s) of ${model.threads} thread(s); file ${bytes(model.model_bytes)}, `
        + `arena ${bytes(model.arena_bytes)}; ${model.success} served, ${model.fail} failed, ${model.pending} under way, ${model.queued} waiting`;
      const past = history[key(model)].samples;
      const now = past[past.length - 1] || { rate: 0, latency: 0 };
      byId('rate').textContent = now.rate.toFixed(1);
      byId('latency').textContent = now.latency ? now.latency.toFixed(3) : '–';
      line(byId('rateChart'), past.map(s => s.rate));
      line(byId('latencyChart'), past.map(s => s.latency));
      bars(byId('histogram'), model.latency.counts, [...model.latency.bounds.map(b => '≤ ' + b / 1000 + ' ms'), 'more']);
      byId('quantiles').textContent = 'p50 ' + quantile(model.latency, .5) + ' ms, p99 ' + quantile(model.latency, .99) + ' ms';
      const total = model.operators.reduce((sum, op) => sum + op.total_ns, 0) || 1;
      table(byId('operators'), [['operator'], ['times', 'number'], ['mean µs', 'number'], ['least µs', 'number'], ['share', 'number'], ['']],
        model.operators.map(op => {
          const bar = element('div', undefined, 'bar');
          bar.style.width = (100 * op.total_ns / total).toFixed(1) + '%';
          return [op.name, op.count, (op.total_ns / op.count / 1000).toFixed(1), (op.min_ns / 1000).toFixed(1),
            (100 * op.total_ns / total).toFixed(1) + ' %', bar];
        }));
      table(byId('placement'), [['#', 'number'], ['operator'], ['runs on'], ['why not elsewhere']],
        model.placement.map(p => [p.subgraph + '.' + p.index, p.name, p.delegate, p.reason]));
    }
    async function refresh() {
      try {
        const response = await fetch('ui/data', { headers: authorization() });
        byId('tokenField').hidden = response.status !== 401 && !byId('token').value;
        if (!response.ok) throw Error(response.status === 401 ? 'a bearer token is needed' : 'error ' + response.status);
        data = await response.json();
        const now = performance.now();
        for (const model of data.models) record(model, now);
        draw();
        byId('status').textContent = 'version ' + data.server + ', ' + data.requests + ' requests under way';
        byId('status').className = '';
      } catch (error) {
        byId('status').textContent = error.message;
        byId('status').className = 'bad';
      }
    }
    async function run(file) {
      const model = data && data.models.find(m => key(m) === chosen);
      if (!model) return;
      const answer = byId('answer');
      try {
        answer.className = '';
        answer.textContent = '…';
        const given = {};
        if (file) {
          const input = model.inputs.find(i => i.name === byId('input').value) || model.inputs[0];
          if (file.name.endsWith('.npy')) {
            const array = readNumpy(await file.arrayBuffer());
            if (array.type !== input.datatype) throw Error('the array is ' + array.type + ', ' + input.name + ' takes ' + input.datatype);
            given[input.name] = array;
          } else given[input.name] = await readPicture(file, input);
        }
        answer.textContent = await infer(model, given);
      } catch (error) {
        answer.className = 'bad';
        answer.textContent = error.message;
      }
    }
    const drop = byId('drop');
    drop.ondragover = event => { event.preventDefault(); drop.className = 'over'; };
    drop.ondragleave = () => { drop.className = ''; };
    drop.ondrop = event => { event.preventDefault(); drop.className = ''; run(event.dataTransfer.files[0]); };
    byId('file').onchange = event => run(event.target.files[0]);
    byId('run').onclick = () => run(null);
    byId('token').onchange = refresh;
    refresh();
    setInterval(refresh, 1000);
    """#
}
