"""What the page's plots do when it is open: axes are chosen, labels find room, commands are copied."""

__all__ = ["SCRIPT"]

SCRIPT = r"""
// The page sends nothing anywhere: no button that shares a plot.
const CONFIG = {responsive:true, displaylogo:false, showSendToCloud:false, plotlyServerURL:"",
  modeBarButtonsToRemove:["lasso2d","select2d","autoScale2d","sendDataToCloud","sendChartToCloud","editInChartStudio"],
  toImageButtonOptions:{format:"svg"}};
const SIDES = ["bottom left","top right","bottom right","top left","middle left","middle right",
  "bottom center","top center"];
// On the side of better values nothing can lie: labels go there first.
const sidesOf = (a, b) => SIDES.map(side => side
  .replace(/left|right/, at => a > 0 ? at : at === "left" ? "right" : "left")
  .replace(/top|bottom/, at => b > 0 ? at : at === "top" ? "bottom" : "top"));
function stairs(points, i, j, a, b) {
  const sorted = points.slice().sort((p, q) => a*(p.v[i]-q.v[i]) || b*(p.v[j]-q.v[j]));
  let best = Infinity; const kept = [];
  for (const p of sorted) if (b*p.v[j] < best) { best = b*p.v[j]; kept.push(p); }
  return kept;
}
function bars(points, at, colour, width) {
  const array = points.map(p => (p.e[at] || 0) * Math.abs(p.v[at]));
  return {type:"data", array, visible:array.some(v => v > 0), thickness:width ? 1.2 : 0.8, width, color:colour};
}
function labelBox(p, side, text) {
  const w = 6.9*text.length + 4, h = 16, gap = 7, [up, to] = side.split(" ");
  const x = to === "right" ? p[0]+gap : to === "left" ? p[0]-gap-w : p[0]-w/2;
  const y = up === "top" ? p[1]-gap-h : up === "bottom" ? p[1]+gap : p[1]-h/2;
  return [x, y, x+w, y+h];
}
const along = (a, b, at) => Math.max(0, Math.min(a[at+2], b[at+2])-Math.max(a[at], b[at]));
const overlap = (a, b) => along(a, b, 0)*along(a, b, 1);
function placeLabels(plot, points, others, cloud, i, j, choice) {
  const {xaxis, yaxis} = plot._fullLayout, placed = [];
  const pixel = p => [xaxis.d2p(p.v[i]), yaxis.d2p(p.v[j])];
  const around = size => ([x, y]) => [x-size, y-size, x+size, y+size];
  const solid = others.map(pixel).map(around(7)), faint = cloud.map(pixel).map(around(3));
  const texts = [], sides = [];
  for (const p of points) {
    let least = Infinity, found = null;
    choice.forEach((side, rank) => {
      const box = labelBox(pixel(p), side, p.t);
      let cost = rank;
      for (const other of placed) cost += 20*overlap(box, other);
      for (const other of solid) cost += overlap(box, other);
      for (const other of faint) cost += 0.2*overlap(box, other);
      if (box[0] < 0 || box[1] < 0 || box[2] > xaxis._length || box[3] > yaxis._length) cost += 2000;
      if (cost < least) { least = cost; found = [box, side]; }
    });
    const hidden = placed.some(other => overlap(found[0], other) > 30);
    if (!hidden) placed.push(found[0]);
    texts.push(hidden ? "" : p.t); sides.push(found[1]);
  }
  return {text:texts, textposition:sides};
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
      const hollow = kind.symbol.includes("open"), wide = kind.key === "cloud" ? 0 : 4;
      const trace = {type:"scatter", mode:"markers", cliponaxis:false,
        name:kind.words+" ("+points.length+")", x:points.map(p => p.v[i]), y:points.map(p => p.v[j]),
        marker:{color:kind.colour, symbol:kind.symbol, size:kind.size, opacity:kind.key === "cloud" ? 0.75 : 1,
          line:{width:hollow ? 1.8 : 1, color:hollow ? kind.colour : "#fff"}},
        error_x:bars(points, i, kind.colour, wide), error_y:bars(points, j, kind.colour, wide)};
      if (kind.key === "cloud") trace.hovertemplate = data.axes[i].label+" %{x:.3~g} "+data.axes[i].unit+"<br>"
        +data.axes[j].label+" %{y:.3~g} "+data.axes[j].unit+"<extra>tier 0</extra>";
      else { trace.hovertext = points.map(p => p.h); trace.hoverinfo = "text"; }
      if (kind.key === "front") {
        trace.textfont = {size:12, color:kind.colour, shadow:"0 0 3px #fff, 0 0 2px #fff"};
      }
      traces.push(trace);
    }
    const layout = JSON.parse(JSON.stringify(data.layout));
    [["xaxis", i], ["yaxis", j]].forEach(([axis, at]) => {
      layout[axis].title.text = data.axes[at].title + (data.axes[at].better < 0 ? ", more is better" : "");
      layout[axis].type = data.axes[at].log ? "log" : "linear";
      if (data.axes[at].log) layout[axis].dtick = "D2";
    });
    Plotly.react(plot, traces, layout, CONFIG).then(() => {
      const others = [...seen.netlist, ...seen.simulated, ...seen.front];
      const cloud = seen.cloud.filter((p, at) => at % Math.ceil(seen.cloud.length/400) === 0);
      if (!seen.front.length) return;
      // Labels find room once the axes are known; drawing anew is quicker than the eye.
      const placed = placeLabels(plot, seen.front, others, cloud, i, j, sidesOf(a, b));
      traces.push({...traces.pop(), mode:"markers+text", ...placed});
      Plotly.react(plot, [...traces], layout, CONFIG);
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
