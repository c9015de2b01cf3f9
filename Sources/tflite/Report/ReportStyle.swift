/// How the report looks, by day and by night.
enum ReportStyle {
  static let text = """
    :root { color-scheme: light dark; --line: #8884; --weak: #666; --builtin: #8a929c; --xnnpack: #2f7ed0; --accelerator: #d9822b; --other: #7a52b3; }
    @media (prefers-color-scheme: dark) { :root { --weak: #aaa; --builtin: #7d8794; --xnnpack: #5aa2ee; --accelerator: #eda04f; --other: #a98be0; } }
    body { font: 14px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 76rem; padding: 0 1rem 3rem; }
    h1 { font-size: 1.3rem; overflow-wrap: anywhere; }
    h2 { font-size: 1.1rem; margin: 1.8rem 0 .3rem; }
    .note, figcaption { color: var(--weak); }
    .wide { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; white-space: nowrap; font-variant-numeric: tabular-nums; }
    th, td { text-align: right; padding: .15rem 0 .15rem .8rem; border-bottom: 1px solid var(--line); }
    th { color: var(--weak); font-weight: normal; }
    th:first-child, td:first-child { text-align: left; padding-left: 0; }
    figure { margin: .6rem 0 1.2rem; }
    svg { display: block; width: 100%; height: auto; }
    svg text { font-size: 13px; fill: CanvasText; }
    svg text.inside { font-size: 10px; fill: #fff; pointer-events: none; }
    .axis { stroke: var(--line); }
    .median { stroke: CanvasText; stroke-width: 1.5; }
    .builtin { fill: var(--builtin); background: var(--builtin); }
    .xnnpack { fill: var(--xnnpack); background: var(--xnnpack); }
    .accelerator { fill: var(--accelerator); background: var(--accelerator); }
    .other { fill: var(--other); background: var(--other); }
    .block { stroke: Canvas; stroke-width: .6; }
    .tensor { fill: var(--xnnpack); background: var(--xnnpack); fill-opacity: .75; }
    .scratch { fill: var(--accelerator); background: var(--accelerator); fill-opacity: .75; }
    .frame { fill: none; stroke: var(--line); }
    rect:hover { opacity: .7; }
    .key { display: inline-block; width: .8em; height: .8em; border-radius: .15em; margin: 0 .3em 0 .9em; }
    """
}
