/// What draws the report. All text from models is set as text, never as markup.
enum ReportScript {
  static let text = #"""
    'use strict';
    const root = document.documentElement;
    addEventListener('error', event => { root.dataset.error = event.message; });
    addEventListener('securitypolicyviolation', event => { root.dataset.error = 'blocked: ' + event.violatedDirective; });
    const byId = id => document.getElementById(id);
    const report = JSON.parse(byId('data').textContent);
    const space = 'http://www.w3.org/2000/svg';
    const kinds = ['builtin', 'xnnpack', 'accelerator'];
    const kind = name => kinds.includes(name) ? name : 'other';
    const ms = us => (us / 1000).toFixed(3);
    const bytes = n => n < 1024 ? n + ' B' : n < 1048576 ? (n / 1024).toFixed(1) + ' KiB' : (n / 1048576).toFixed(1) + ' MiB';
    const label = c => c.delegate + ', ' + c.threads + (c.threads === 1 ? ' thread' : ' threads');

    function element(name, text, className) {
      const made = document.createElement(name);
      if (text !== undefined) made.textContent = text;
      if (className) made.className = className;
      return made;
    }
    function shape(name, attributes, title) {
      const made = document.createElementNS(space, name);
      for (const key in attributes) made.setAttribute(key, attributes[key]);
      if (title !== undefined) {
        const hover = document.createElementNS(space, 'title');
        hover.textContent = title;
        made.append(hover);
      }
      return made;
    }
    function words(text, attributes) {
      const made = shape('text', attributes);
      made.textContent = text;
      return made;
    }
    function picture(height, description) {
      return shape('svg', { viewBox: '0 0 1000 ' + height, role: 'img', 'aria-label': description });
    }
    function section(target, heading, drawing) {
      const figure = element('figure');
      figure.append(element('figcaption', heading), drawing);
      byId(target).append(figure);
    }

    function drawTable() {
      const heads = ['', 'median ms', 'p90 ms', 'p99 ms', 'ratio', '95 %', 'load ms', 'first ms', 'arena', 'weights', 'peak memory', 'delegated'];
      const head = element('tr');
      heads.forEach(text => head.append(element('th', text)));
      byId('configurations').append(head);
      for (const c of report.configurations) {
        const row = element('tr');
        const cells = [label(c), ms(c.latency_us.p50), ms(c.latency_us.p90), ms(c.latency_us.p99),
          c.ratio ? c.ratio.median.toFixed(3) : '1', c.ratio ? c.ratio.lower.toFixed(3) + ' to ' + c.ratio.upper.toFixed(3) : '',
          ms(c.load_us), ms(c.first_us), bytes(c.arena_bytes), bytes(c.weights_bytes), bytes(c.peak_rss_kb * 1024),
          c.delegated_operators + ' of ' + c.operators];
        cells.forEach(text => row.append(element('td', text)));
        byId('configurations').append(row);
      }
    }

    const bins = 60;
    function drawLatencies() {
      const low = Math.min(...report.configurations.map(c => c.latency_us.min));
      const high = Math.max(...report.configurations.map(c => Math.min(c.latency_us.p99, 1.5 * c.latency_us.p90)), low * 1.0001 + 1e-9);
      const place = us => 190 + 790 * Math.min(Math.max((us - low) / (high - low), 0), 1);
      const rowHeight = 46;
      const svg = picture(rowHeight * report.configurations.length + 24, 'Latencies');
      report.configurations.forEach((c, number) => {
        const base = rowHeight * (number + 1);
        const counts = new Array(bins).fill(0);
        for (const us of c.samples_us) {
          counts[Math.min(bins - 1, Math.max(0, Math.floor((us - low) / (high - low) * bins)))]++;
        }
        const top = Math.max(...counts);
        svg.append(words(label(c), { x: 180, y: base - 12, 'text-anchor': 'end' }));
        svg.append(shape('line', { x1: 190, x2: 980, y1: base, y2: base, class: 'axis' }));
        counts.forEach((count, bin) => {
          if (!count) return;
          const height = 36 * count / top;
          const from = low + (high - low) * bin / bins;
          svg.append(shape('rect', { x: 190 + 790 * bin / bins, width: 790 / bins - 1, y: base - height, height,
            class: 'latency ' + kind(c.delegate), 'data-count': count },
            count + ' of ' + c.samples_us.length + (bin === bins - 1 ? ' from ' : ' near ') + ms(from) + ' ms'));
        });
        svg.append(shape('line', { x1: place(c.latency_us.p50), x2: place(c.latency_us.p50), y1: base - 40, y2: base, class: 'median' },
          'median ' + ms(c.latency_us.p50) + ' ms'));
      });
      const foot = rowHeight * report.configurations.length + 16;
      svg.append(words(ms(low) + ' ms', { x: 190, y: foot }), words(ms(high) + ' ms and more', { x: 980, y: foot, 'text-anchor': 'end' }));
      section('latencies', 'Invocations by duration; the upright line is the median', svg);
    }

    const shown = 15;
    function drawOperators() {
      const rows = new Map();
      report.configurations.forEach((c, number) => {
        for (const o of c.picture.placement) {
          if (o.shortest_us == null) continue;
          const key = o.subgraph + '.' + o.index;
          if (!rows.has(key)) rows.set(key, { name: o.index + ' ' + o.op, bars: [] });
          rows.get(key).bars.push({ us: o.shortest_us, delegate: o.delegate, number });
        }
        for (const s of c.picture.regions) {
          const key = 'region ' + number + ' ' + s.first;
          rows.set(key, { name: s.first + ' ' + s.name, bars: [{ us: s.shortest_us, delegate: c.delegate, number }] });
        }
      });
      const slowest = row => Math.max(...row.bars.map(bar => bar.us));
      const sorted = [...rows.values()].sort((a, b) => slowest(b) - slowest(a));
      const kept = sorted.slice(0, shown);
      const most = Math.max(...kept.map(slowest), 1e-9);
      let y = 0;
      const svg = picture(10, 'Time of operators');
      for (const row of kept) {
        const height = 9 * row.bars.length;
        svg.append(words(row.name, { x: 250, y: y + height / 2 + 5, 'text-anchor': 'end' }));
        row.bars.forEach((bar, position) => svg.append(shape('rect', { x: 260, y: y + 9 * position,
          width: Math.max(0.5, 720 * bar.us / most), height: 8, class: 'operator ' + kind(bar.delegate), 'data-us': bar.us },
          row.name + ' on ' + bar.delegate + ' (' + label(report.configurations[bar.number]) + '): ' + ms(bar.us) + ' ms')));
        y += Math.max(height, 14) + 6;
      }
      svg.setAttribute('viewBox', '0 0 1000 ' + Math.max(y, 10));
      const rest = sorted.length - kept.length;
      section('operators', 'Shortest time of each, up to ' + ms(most) + ' ms; one bar for each configuration that tells it, in the order of the table'
        + (rest > 0 ? '; the ' + rest + ' quickest are left out' : ''), svg);
    }

    function drawMaps() {
      const seen = new Set();
      for (const c of report.configurations) {
        if (seen.has(c.delegate)) continue;
        seen.add(c.delegate);
        const columns = 50;
        const svg = picture(20 * Math.ceil(c.picture.placement.length / columns) + 4, 'Partition map');
        c.picture.placement.forEach((o, position) => {
          const text = o.index + ' ' + o.op + ' on ' + o.delegate + (o.partition == null ? '' : ', partition ' + (o.partition + 1))
            + (o.reason ? ': ' + o.reason : '') + (o.shortest_us == null ? '' : ', ' + ms(o.shortest_us) + ' ms');
          svg.append(shape('rect', { x: 20 * (position % columns), y: 20 * Math.floor(position / columns), width: 18, height: 18, rx: 2,
            class: 'node ' + kind(o.delegate) }, text));
          if (o.partition != null) {
            svg.append(words((o.partition + 1) % 100, { x: 20 * (position % columns) + 9, y: 20 * Math.floor(position / columns) + 13, 'text-anchor': 'middle', class: 'inside' }));
          }
        });
        const partitions = new Set(c.picture.placement.map(o => o.partition).filter(p => p != null)).size;
        section('maps', c.delegate + ': ' + c.delegated_operators + ' of ' + c.operators + ' operators on a delegate, in '
          + partitions + (partitions === 1 ? ' partition' : ' partitions'), svg);
      }
    }

    function drawArenas() {
      const seen = new Set();
      for (const c of report.configurations) {
        if (seen.has(c.delegate)) continue;
        seen.add(c.delegate);
        c.picture.arena.forEach((part, number) => {
          const times = part.steps.length + 2;
          const height = 260;
          const svg = picture(height + 20, 'Arena');
          const at = time => time === 0 ? 'before the first operator' : time > part.steps.length ? 'the end' : part.steps[time - 1];
          for (const b of part.blocks) {
            svg.append(shape('rect', { x: 1000 * b.first / times, y: height * b.offset / Math.max(part.bytes, 1),
              width: Math.max(1000 * (b.last - b.first + 1) / times, 0.5), height: Math.max(height * b.bytes / Math.max(part.bytes, 1), 0.3),
              class: 'block ' + (b.names.length ? 'tensor' : 'scratch') },
              (b.names.length ? b.names.join(', ') : 'scratch memory') + ': ' + bytes(b.bytes) + ' at ' + b.offset + ', from ' + at(b.first)
              + ' to ' + at(b.last)));
          }
          svg.append(shape('rect', { x: 0, y: 0, width: 1000, height, class: 'frame' }));
          svg.append(words('operators in execution order', { x: 0, y: height + 14 }));
          section('arenas', c.delegate + (c.picture.arena.length > 1 ? ', part ' + (number + 1) : '') + ': ' + bytes(part.bytes)
            + ', ' + part.blocks.length + ' pieces; addresses go down', svg);
        });
      }
    }

    drawTable();
    drawLatencies();
    drawOperators();
    drawMaps();
    drawArenas();
    root.dataset.drawn = 'true';
    """#
}
