/// The page for people: one document, with its style and script inside.
enum Page {
  /// Nothing from elsewhere is loaded, and nothing is sent elsewhere.
  static let contentSecurityPolicy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; connect-src 'self'; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  static let html = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>tflite serve</title>
    <style>\(PageStyle.text)</style>
    </head>
    <body>
    <header>
    <h1>tflite serve</h1>
    <span id="status" role="status">connecting</span>
    <label id="tokenField" hidden>Bearer token <input id="token" type="password" autocomplete="off"></label>
    </header>
    <main>
    <nav id="models" aria-label="Models"></nav>
    <section id="detail" hidden>
    <h2 id="title"></h2>
    <p id="facts"></p>
    <div class="columns">
    <figure><figcaption>Requests per second <b id="rate">0</b></figcaption><svg id="rateChart" role="img" aria-label="Requests per second"></svg></figure>
    <figure><figcaption>Mean latency, ms <b id="latency">–</b></figcaption><svg id="latencyChart" role="img" aria-label="Mean latency"></svg></figure>
    <figure><figcaption>Latencies of all requests <b id="quantiles"></b></figcaption><svg id="histogram" role="img" aria-label="Latency histogram"></svg></figure>
    </div>
    <div class="columns">
    <div><h3>Inputs</h3><table id="inputs"></table></div>
    <div><h3>Outputs</h3><table id="outputs"></table></div>
    </div>
    <h3>Run it</h3>
    <div id="drop" tabindex="0">Drop a picture or an .npy file for <select id="input"></select> or
    <input id="file" type="file" accept="image/*,.npy"></div>
    <label><input id="scale" type="checkbox" checked> divide pixels by 255 for float inputs</label>
    <button id="run">Run on zeros</button>
    <canvas id="preview" width="96" height="96" hidden></canvas>
    <pre id="answer" aria-live="polite"></pre>
    <h3>Operators</h3>
    <p class="note">Times are of one invocation in 64; the first of each model is among them.</p>
    <table id="operators"></table>
    <h3>Placement</h3>
    <table id="placement"></table>
    </section>
    <section id="problems"></section>
    </main>
    <script>\(PageScript.drawing)\(PageScript.inference)\(PageScript.main)</script>
    </body>
    </html>
    """
}
