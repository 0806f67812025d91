// Draws the group around an enterprise: members by level and score, and between
// them what they share. The list beside it says the same without a script.
"use strict";

const MAX_MEMBERS = 150;
const MAX_SHARED = 300;

let drawn = null;
let chart = null;

drawWhatIsThere();
// A form on the page brings the page anew, and the graph's place with it.
document.addEventListener("htmx:afterSwap", drawWhatIsThere);
window.addEventListener("resize", () => chart && chart.resize());

function drawWhatIsThere() {
  const place = document.getElementById("graph");
  if (place === drawn) {
    return;
  }
  drawn = place;
  if (chart) {
    chart.dispose();
    chart = null;
  }
  if (place) {
    draw(place).catch((error) => {
      place.textContent = place.dataset.failed + " " + error.message;
      place.className = "empty";
    });
  }
}

async function draw(place) {
  const answer = await fetch(place.dataset.api);
  if (!answer.ok) {
    throw new Error(answer.status + " " + answer.statusText);
  }
  const group = await answer.json();
  const [nodes, edges] = picture(group, place.dataset.self);
  if (place !== drawn) {
    return;
  }
  place.textContent = "";
  chart = echarts.init(place, null, { renderer: "canvas" });
  chart.setOption({
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    tooltip: { renderMode: "richText", formatter: (at) => at.data.told || "" },
    series: [{
      type: "graph",
      layout: "force",
      roam: true,
      nodes,
      edges,
      label: { show: nodes.length <= 60, position: "right", fontSize: 11, color: colour("--ink") },
      lineStyle: { color: colour("--none"), opacity: 0.6 },
      emphasis: { focus: "adjacency" },
      force: { repulsion: 360, edgeLength: [60, 140], gravity: 0.06 },
    }],
  });
  chart.on("click", (at) => {
    if (at.data.path) {
      location.href = at.data.path;
    }
  });
}

// Those with the highest scores, and what holds them together.
function picture(group, self) {
  const shown = group.members.slice(0, MAX_MEMBERS);
  if (!shown.some((member) => member.id === self)) {
    shown.push(...group.members.filter((member) => member.id === self));
  }
  const known = new Set(shown.map((member) => member.id));
  const nodes = shown.map((member) => ({
    id: member.id,
    name: member.name || member.id,
    path: "/enterprises/" + encodeURIComponent(member.id),
    symbolSize: 14 + (member.index || 0) / 4,
    itemStyle: {
      color: colour("--" + member.level),
      borderColor: colour("--ink"),
      borderWidth: member.id === self ? 3 : 0,
    },
    told: [member.name || "", member.id, member.index === null ? "" : member.index.toFixed(2),
      member.parts.join(" ")].filter((line) => line).join("\n"),
  }));
  const edges = [];
  for (const [number, shared] of group.shared.slice(0, MAX_SHARED).entries()) {
    const id = "shared " + number;
    nodes.push({
      id,
      name: shared.link,
      symbol: "diamond",
      symbolSize: 9,
      itemStyle: { color: colour("--soft") },
      told: shared.link + "\n" + shared.subject + "\n" + shared.members,
    });
    for (const member of shared.by) {
      if (known.has(member)) {
        edges.push({ source: member, target: id });
      }
    }
  }
  return [nodes, edges];
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
