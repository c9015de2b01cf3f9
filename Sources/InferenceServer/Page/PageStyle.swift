/// How the page looks, by day and by night.
enum PageStyle {
  static let text = """
    :root { color-scheme: light dark; --line: #8884; --accent: #2a78c8; --weak: #777; --bad: #c33; }
    body { font: 14px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 0 1rem 3rem; }
    header { display: flex; align-items: baseline; gap: 1rem; border-bottom: 1px solid var(--line); }
    h1 { font-size: 1.3rem; }
    h2 { font-size: 1.2rem; margin-bottom: 0; }
    #status { color: var(--weak); }
    #status.bad { color: var(--bad); }
    nav { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0; }
    nav button { padding: .4rem .8rem; border: 1px solid var(--line); border-radius: .4rem; background: none; font: inherit; cursor: pointer; }
    nav button[aria-current=true] { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
    nav small { color: var(--weak); }
    .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1.5rem; }
    figure { margin: 1rem 0 0; }
    figcaption { color: var(--weak); }
    figcaption b { color: CanvasText; float: right; }
    svg { width: 100%; height: 90px; border-bottom: 1px solid var(--line); }
    svg path { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
    svg rect, .bar { fill: var(--accent); background: var(--accent); }
    table { border-collapse: collapse; width: 100%; }
    th, td { text-align: left; padding: .15rem .6rem .15rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
    td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
    .bar { height: .6rem; min-width: 1px; border-radius: .2rem; }
    #operators td:last-child { width: 14rem; }
    #drop { border: 2px dashed var(--line); border-radius: .5rem; padding: 1rem; margin: .5rem 0; }
    #drop.over { border-color: var(--accent); }
    pre { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 20rem; overflow: auto; }
    .bad { color: var(--bad); }
    .note, #facts { color: var(--weak); }
    canvas { vertical-align: middle; border: 1px solid var(--line); image-rendering: pixelated; }
    """
}
