"""What the page's plots do when it is open: axes are chosen, labels find room, commands are copied."""

__all__ = ["SCRIPT"]

SCRIPT = r"""
const CONFIG = {responsive:true, displaylogo:false, modeBarButtonsToRemove:["lasso2d","select2d","autoScale2d"],
  toImageButtonOptions:{format:"svg"}};
const SIDES = ["top right","bottom left","top left","bottom right","middle right","middle left",
  "top center","bottom center"];
function stairs(points, i, j, a, b) {
  const sorted = points.slice().sort((p, q) => a*(p.v[i]-q.v[i]) || b*(p.v[j]-q.v[j]));
  let best = Infinity; const kept = [];
  for (const p of sorted) if (b*p.v[j] < best) { best = b*p.v[j]; kept.push(p); }
  return kept;
}
function bars(points, at, colour) {
  const array = points.map(p => (p.e[at] || 0) * Math.abs(p.v[at]));
  return {type:"data", array, visible:array.some(v => v > 0), thickness:1.2, width:4, color:colour};
}
function labelBox(p, side, text) {
  const w = 6.9*text.length + 4, h = 16, gap = 7, [up, to] = side.split(" ");
  const x = to === "right" ? p[0]+gap : to === "left" ? p[0]-gap-w : p[0]-w/2;
  const y = up === "top" ? p[1]-gap-h : up === "bottom" ? p[1]+gap : p[1]-h/2;
  return [x, y, x+w, y+h];
}
const along = (a, b, at) => Math.max(0, Math.min(a[at+2], b[at+2])-Math.max(a[at], b[at]));
const overlap = (a, b) => along(a, b, 0)*along(a, b, 1);
function placeLabels(plot, at, points, others, i, j) {
  const {xaxis, yaxis} = plot._fullLayout, placed = [];
  const pixel = p => [xaxis.d2p(p.v[i]), yaxis.d2p(p.v[j])];
  const solid = others.map(pixel).map(([x, y]) => [x-7, y-7, x+7, y+7]);
  const texts = [], sides = [];
  for (const p of points) {
    let least = Infinity, found = null;
    SIDES.forEach((side, rank) => {
      const box = labelBox(pixel(p), side, p.t);
      let cost = rank;
      for (const other of placed) cost += 20*overlap(box, other);
      for (const other of solid) cost += overlap(box, other);
      if (box[0] < 0 || box[1] < 0 || box[2] > xaxis._length || box[3] > yaxis._length) cost += 2000;
      if (cost < least) { least = cost; found = [box, side]; }
    });
    const hidden = placed.some(other => overlap(found[0], other) > 30);
    if (!hidden) placed.push(found[0]);
    texts.push(hidden ? "" : p.t); sides.push(found[1]);
  }
  Plotly.restyle(plot, {text:[texts], textposition:[sides]}, [at]);
}
function frontPlot(name, data) {
  const plot = document.getElementById(name);
  const menus = ["x","y"].map(axis => document.getElementById(name+"-"+axis));
  function draw() {
    const [i, j] = menus.map(menu => +menu.value), [a, b] = [i, j].map(at => data.axes[at].better);
    const traces = [], seen = {};
    for (const kind of data.kinds) {
      const points = kind.points.filter(p => p.v[i] !== null && p.v[j] !== null);
      seen[kind.key] = points;
      if (kind.key === "front" && points.length) {
        const line = stairs(points, i, j, a, b);
        traces.push({type:"scatter", mode:"lines", x:line.map(p => p.v[i]), y:line.map(p => p.v[j]), hoverinfo:"skip",
          line:{shape:"hv", color:kind.colour, width:1.6, dash:"dot"}, showlegend:false});
      }
      if (!points.length) continue;
      const hollow = kind.symbol.includes("open");
      const trace = {type:"scatter", mode:kind.key === "front" ? "markers+text" : "markers", cliponaxis:false,
        name:kind.words+" ("+points.length+")", x:points.map(p => p.v[i]), y:points.map(p => p.v[j]),
        marker:{color:kind.colour, symbol:kind.symbol, size:kind.size, opacity:kind.key === "cloud" ? 0.75 : 1,
          line:{width:hollow ? 1.8 : 1, color:hollow ? kind.colour : "#fff"}},
        error_x:bars(points, i, kind.colour), error_y:bars(points, j, kind.colour)};
      if (kind.key === "cloud") trace.hovertemplate = data.axes[i].label+" %{x:.3~g} "+data.axes[i].unit+"<br>"
        +data.axes[j].label+" %{y:.3~g} "+data.axes[j].unit+"<extra>tier 0</extra>";
      else { trace.hovertext = points.map(p => p.h); trace.hoverinfo = "text"; }
      if (kind.key === "front") {
        trace.textfont = {size:12, color:kind.colour}; trace.textposition = "top right";
        trace.text = points.map(() => "");
      }
      traces.push(trace);
    }
    const layout = JSON.parse(JSON.stringify(data.layout));
    [["xaxis", i], ["yaxis", j]].forEach(([axis, at]) => {
      layout[axis].title.text = data.axes[at].title + (data.axes[at].better < 0 ? ", more is better" : "");
      layout[axis].type = data.axes[at].log ? "log" : "linear";
      if (data.axes[at].log) layout[axis].dtick = undefined;
    });
    Plotly.react(plot, traces, layout, CONFIG).then(() => {
      const others = [...seen.netlist, ...seen.simulated, ...seen.front];
      if (seen.front.length) placeLabels(plot, traces.length-1, seen.front, others, i, j);
    });
  }
  menus.forEach(menu => menu.addEventListener("change", draw));
  draw();
}
document.addEventListener("click", event => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const chosen = getSelection(), range = document.createRange();
  range.selectNodeContents(button.parentNode.querySelector("code"));
  chosen.removeAllRanges(); chosen.addRange(range);
  button.textContent = document.execCommand("copy") ? "copied" : "selected";
  setTimeout(() => { button.textContent = "copy"; }, 1500);
});
const everyPlot = change => document.querySelectorAll(".js-plotly-plot").forEach(plot => Plotly.relayout(plot, change));
addEventListener("beforeprint", () => everyPlot({autosize:false, width:680}));
addEventListener("afterprint", () => everyPlot({autosize:true, width:null}));
"""
