"use strict";
// The boundary graph: a list of functions, a drawing of the chosen one among its callers and callees, and what is known of
// it. All text comes from the data element and is set as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { nodes, edges } = data.graph;
  const SVG = "http://www.w3.org/2000/svg";
  const BOX = { width: 206, height: 44, gap: 12, across: 58, top: 30, left: 14 };
  const MOST = { list: 200, column: 9, overview: 36, alike: 4, details: 60 };

  const incoming = nodes.map(() => []);
  const outgoing = nodes.map(() => []);
  for (const edge of edges) {
    outgoing[edge.from].push(edge);
    incoming[edge.to].push(edge);
  }

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "onclick") made.addEventListener("click", value);
      else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  };
  const drawn = (name, attributes = {}, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const hasEffect = (kind) => (node) => node.effects.some((effect) => effect.kind === kind);
  const filters = [
    ["findings", "in a finding", (node) => node.findings.length > 0],
    ["bridge", "bridges", (node) => node.bridge !== null],
    ["starts", "starts a loop", hasEffect("starts-loop")],
    ["refuses", "refuses a loop", hasEffect("refuses-loop")],
    ["blocks", "blocks", hasEffect("blocks")],
    ["loop", "runs on a loop", (node) => node.on_loop],
    ["worker", "runs in a thread", (node) => node.in_worker],
  ];
  const active = new Set();

  // The nodes that the search and the filters leave, the most telling first. Neighbours come in only by name.
  const weight = nodes.map((node, i) =>
    node.findings.length * 3 + (node.bridge !== null ? 4 : 0) + Math.min(incoming[i].length, 6) + (node.kind === "outside" ? -4 : 0));
  const byWeight = nodes.map((_, i) => i).sort((a, b) => weight[b] - weight[a] || a - b);
  let words = [];
  const matching = () => byWeight.filter((i) => {
    const node = nodes[i];
    if (words.length === 0 && !node.core) return false;
    const name = node.name.toLowerCase();
    if (!words.every((word) => name.includes(word))) return false;
    return filters.every(([key, , test]) => !active.has(key) || test(node));
  });

  const about = (node) => {
    const parts = [];
    if (node.kind === "coroutine") parts.push("coroutine");
    else if (node.kind === "module") parts.push("module");
    else if (node.bridge !== null) parts.push("bridge");
    else if (node.on_loop) parts.push("on the loop");
    else if (node.in_worker) parts.push("in a thread");
    const effect = node.effects[0];
    if (effect) parts.push(effect.words + (effect.distance > 0 ? `, ${effect.distance} down` : ""));
    if (node.findings.length > 0) parts.push(node.findings.length === 1 ? "1 finding" : `${node.findings.length} findings`);
    return parts.join(" · ");
  };
  const cut = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);
  // Of a dotted name the end tells more than the beginning.
  const cutFront = (text, most) => (text.length > most ? "…" + text.slice(text.length - most + 1) : text);

  let chosen = null;
  const choose = (number) => { location.hash = number === null ? "boundary-graph" : `node=${number}`; };

  // The list ------------------------------------------------------------------------------------------------------------
  const found = document.getElementById("found");
  const listAll = () => {
    const all = matching();
    found.replaceChildren(...all.slice(0, MOST.list).map((i) => {
      const button = element("button", { type: "button", onclick: () => choose(i) });
      button.append(element("code", {}, nodes[i].short), element("span", { class: "small" }, about(nodes[i])));
      if (i === chosen) button.setAttribute("aria-current", "true");
      return element("li", {}, button);
    }));
    const shown = all.length > MOST.list ? `, the first ${MOST.list} shown` : "";
    document.getElementById("found-count").textContent =
      (all.length === 1 ? "1 function" : `${all.length} functions`) + shown;
    return all;
  };

  // The drawing ---------------------------------------------------------------------------------------------------------
  const svg = document.getElementById("graph");
  const rank = (a, b) => Number(nodes[b].core) - Number(nodes[a].core) || weight[b] - weight[a] || a - b;
  const unique = (list) => [...new Set(list)];

  // Around one function: two columns of callers, two of callees.
  const around = (number) => {
    const placed = new Set([number]);
    const next = (from, step) => {
      const all = unique(from.flatMap(step)).filter((i) => !placed.has(i)).sort(rank);
      const kept = all.slice(0, MOST.column);
      kept.forEach((i) => placed.add(i));
      return { kept, left: all.length - kept.length };
    };
    const callers = (i) => incoming[i].map((edge) => edge.from);
    const callees = (i) => outgoing[i].map((edge) => edge.to);
    const right = next([number], callees);
    const left = next([number], callers);
    const farRight = next(right.kept, callees);
    const farLeft = next(left.kept, callers);
    const columns = [farLeft, left, { kept: [number], left: 0 }, right, farRight];
    const titles = ["", "callers", "", "calls", ""];
    return columns.map((column, i) => ({ ...column, title: titles[i] })).filter((column) => column.kept.length > 0);
  };

  // An overview of several functions: each one column right of its callers.
  const layered = (list) => {
    const inside = new Set(list);
    const depth = new Map();
    const depthOf = (i, path) => {
      if (depth.has(i)) return depth.get(i);
      if (path.has(i)) return 0;
      path.add(i);
      const above = incoming[i].map((edge) => edge.from).filter((j) => j !== i && inside.has(j));
      const own = above.length === 0 ? 0 : Math.max(...above.map((j) => depthOf(j, path))) + 1;
      path.delete(i);
      depth.set(i, own);
      return own;
    };
    list.forEach((i) => depthOf(i, new Set()));
    const columns = [];
    list.forEach((i) => (columns[depth.get(i)] ??= []).push(i));
    return columns.filter(Boolean).map((kept) => ({ kept, left: 0, title: "" }));
  };

  // The chains of the worst findings among what is listed, or what is listed itself.
  const overview = (all) => {
    const listed = new Set(all);
    const kept = [];
    const add = (i) => { if (!kept.includes(i) && kept.length < MOST.overview) kept.push(i); };
    const ends = new Map();
    for (const finding of data.findings) {
      if (finding.severity === "remark" || kept.length + finding.nodes.length > MOST.overview) continue;
      if (!finding.nodes.some((i) => listed.has(i))) continue;
      const last = finding.nodes[finding.nodes.length - 1];
      // Many findings of one cause would fill the drawing.
      ends.set(last, (ends.get(last) || 0) + 1);
      if (ends.get(last) > MOST.alike) continue;
      finding.nodes.forEach(add);
      (outgoing[last] || []).map((edge) => edge.to).filter((i) => nodes[i].kind === "outside" && nodes[i].core).slice(0, 1).forEach(add);
    }
    for (const i of all) {
      if (kept.length >= MOST.overview / 2) break;
      add(i);
    }
    return layered(kept);
  };

  // Where the nodes stand. The column of the chosen function (or the first) is laid out by rank, the others outwards from it:
  // each node beside the middle of its neighbours, as far as those above leave room.
  const arrange = (columns) => {
    const first = Math.max(0, columns.findIndex((column) => column.kept.includes(chosen)));
    const order = columns.map((_, c) => c).sort((a, b) => Math.abs(a - first) - Math.abs(b - first) || a - b);
    const step = BOX.height + BOX.gap;
    const tops = new Map();
    for (const c of order) {
      const { kept } = columns[c];
      const wish = new Map(kept.map((i, row) => {
        const beside = incoming[i].map((edge) => edge.from).concat(outgoing[i].map((edge) => edge.to)).filter((j) => tops.has(j));
        return [i, beside.length === 0 ? row * step : beside.reduce((sum, j) => sum + tops.get(j), 0) / beside.length];
      }));
      kept.sort((a, b) => wish.get(a) - wish.get(b) || rank(a, b));
      // Centred on what they wish for as a whole, one below the other.
      const middle = kept.reduce((sum, i) => sum + wish.get(i), 0) / kept.length;
      let free = kept.length === 1 ? -Infinity : middle - (kept.length - 1) * step;
      for (const i of kept) {
        const top = Math.max(free, wish.get(i));
        tops.set(i, top);
        free = top + step;
      }
    }
    const highest = Math.min(...tops.values());
    const at = new Map();
    columns.forEach((column, c) => column.kept.forEach((i) => at.set(i, {
      x: BOX.left + c * (BOX.width + BOX.across), y: BOX.top + tops.get(i) - highest, column: c,
    })));
    return at;
  };

  const draw = (columns) => {
    const at = columns.length === 0 ? new Map() : arrange(columns);
    const height = Math.max(0, ...[...at.values()].map((place) => place.y)) + BOX.height + 40;
    const width = BOX.left * 2 + columns.length * (BOX.width + BOX.across) - BOX.across;
    svg.setAttribute("width", Math.max(width, 1));
    svg.setAttribute("height", height);
    svg.setAttribute("viewBox", `0 0 ${Math.max(width, 1)} ${height}`);
    const parts = [arrowHead()];
    for (const edge of edges) {
      if (at.has(edge.from) && at.has(edge.to) && edge.from !== edge.to) parts.push(line(edge, at.get(edge.from), at.get(edge.to)));
    }
    columns.forEach((column, c) => {
      const x = BOX.left + c * (BOX.width + BOX.across);
      if (column.title) parts.push(drawn("text", { x, y: 16, class: "column-title" }, column.title));
      if (column.left > 0) {
        const lowest = Math.max(...column.kept.map((i) => at.get(i).y));
        parts.push(drawn("text", { x: x + 8, y: lowest + BOX.height + 20, class: "column-title" }, `and ${column.left} more`));
      }
    });
    for (const [i, place] of at) parts.push(box(i, place));
    svg.replaceChildren(...parts);
    scrollTo(at);
  };

  const scrollTo = (at) => {
    const pane = document.getElementById("drawing");
    const place = chosen === null ? null : at.get(chosen);
    pane.scrollLeft = place ? place.x + BOX.width / 2 - pane.clientWidth / 2 : 0;
    pane.scrollTop = place ? place.y + BOX.height / 2 - pane.clientHeight / 2 : 0;
  };

  const arrowHead = () => {
    const marker = drawn("marker", {
      id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse",
    });
    marker.append(drawn("path", { d: "M0 0 L8 4 L0 8 z" }));
    const defs = drawn("defs");
    defs.append(marker);
    return defs;
  };

  const line = (edge, from, to) => {
    const forward = to.column > from.column;
    const x1 = forward ? from.x + BOX.width : from.x;
    const x2 = forward ? to.x : to.x + BOX.width;
    const [y1, y2] = [from.y + BOX.height / 2, to.y + BOX.height / 2];
    const bend = to.column === from.column ? -60 : (x2 - x1) / 2;
    const end = to.column === from.column ? to.x : x2;
    const d = `M${x1} ${y1} C${x1 + bend} ${y1} ${end - (to.column === from.column ? 60 : bend)} ${y2} ${end} ${y2}`;
    const near = edge.from === chosen || edge.to === chosen ? " near" : "";
    const path = drawn("path", { d, class: `edge${edge.kind === "calls" ? "" : " over"}${near}`, "marker-end": "url(#arrow)" });
    path.append(drawn("title", {}, edge.excerpt ? `line ${edge.line}: ${edge.excerpt}` : `line ${edge.line}`));
    return path;
  };

  const box = (i, place) => {
    const node = nodes[i];
    const group = drawn("g", {
      class: `node ${node.kind}${i === chosen ? " chosen" : ""}`, transform: `translate(${place.x} ${place.y})`,
      tabindex: 0, role: "button", "aria-label": `${node.name}: ${about(node)}`, "data-node": i,
    });
    group.append(
      drawn("title", {}, node.path ? `${node.name}\n${node.path}:${node.line}` : node.name),
      drawn("rect", { class: "box", width: BOX.width, height: BOX.height, rx: 5 }),
      drawn("rect", { class: "stripe", width: 5, height: BOX.height, rx: 2 }),
      drawn("text", { x: 12, y: 18 }, cutFront(node.short, 23)),
      drawn("text", { x: 12, y: 35, class: "about" }, cut(about(node), 34)),
    );
    group.addEventListener("click", () => choose(i));
    return group;
  };

  // What is known of the chosen function ----------------------------------------------------------------------------------
  const details = document.getElementById("details");
  const section = (title, items) => (items.length === 0 ? [] : [element("h4", {}, title), element("ul", {}, ...items)]);
  const say = (text) => element("li", {}, text);
  const link = (edge, other) => {
    const how = edge.kind === "to-worker" ? "hands to a thread, " : edge.kind === "to-loop" ? "hands to a loop, " : "";
    const button = element("button", { type: "button", class: "go", onclick: () => choose(other) });
    button.append(element("code", {}, nodes[other].short));
    button.append(element("span", { class: "small" }, `${how}line ${edge.line}${edge.excerpt ? ": " + edge.excerpt : ""}`));
    return element("li", {}, button);
  };
  const links = (list, other) => {
    const items = list.slice().sort((a, b) => rank(other(a), other(b))).slice(0, MOST.details).map((edge) => link(edge, other(edge)));
    if (list.length > MOST.details) items.push(say(`… and ${list.length - MOST.details} more`));
    return items;
  };

  const explain = () => {
    if (chosen === null) {
      const legend = element("p", { class: "legend" });
      for (const [kind, name] of [["coroutine", "coroutine"], ["function", "plain function"], ["module", "code of a module"], ["outside", "outside the program"]]) {
        legend.append(element("span", { class: `swatch ${kind}` }), name);
      }
      details.replaceChildren(
        element("h3", {}, "Overview"),
        element("p", {}, "The chains of the worst findings. Choose a function in the drawing or in the list; search finds its neighbours, too."),
        legend,
        ...(data.graph.is_cut ? [element("p", { class: "legend" }, "The project is large: functions far from any finding are left out.")] : []),
      );
      return;
    }
    const node = nodes[chosen];
    const bridge = node.bridge === null ? null : data.bridges[node.bridge];
    const findings = node.findings.map((i) => data.findings[i]).map((finding) => element("li", {},
      element("span", { class: finding.severity }, finding.severity), ` ${finding.rule}: ${finding.message}`,
      element("span", { class: "small" }, finding.at)));
    const where = node.path ? `${node.path}:${node.line}` : "outside the program";
    details.replaceChildren(
      element("h3", {}, element("code", {}, node.short)),
      element("span", { class: "small" }, `${where}${node.dependency ? " (a dependency)" : ""}`),
      ...(node.excerpt ? [element("pre", {}, element("code", {}, node.excerpt))] : []),
      ...section("Runs", (node.kind === "coroutine" ? ["on the loop: a coroutine"] : []).concat(node.contexts).map(say)),
      ...section("Does", node.effects.map((effect) =>
        say(effect.words + (effect.distance > 0 ? `, ${effect.distance} ${effect.distance === 1 ? "call" : "calls"} down` : "")))),
      ...(bridge === null ? [] : section("A bridge", [
        say(`where no loop runs: ${bridge.without_loop.join(", or ")}`), say(`where a loop runs: ${bridge.on_loop.join(", or ")}`),
      ])),
      ...section("Findings", findings),
      ...section("Called by", links(incoming[chosen], (edge) => edge.from)),
      ...section("Calls", links(outgoing[chosen], (edge) => edge.to)),
    );
  };

  // Keyboard, search, address ---------------------------------------------------------------------------------------------
  const move = (from, key) => {
    const here = from.getBoundingClientRect();
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    let best = null;
    for (const other of svg.querySelectorAll(".node")) {
      if (other === from) continue;
      const there = other.getBoundingClientRect();
      const [dx, dy] = [there.x - here.x, there.y - here.y];
      const along = dx * way[0] + dy * way[1];
      const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
      if (along > 5 && (best === null || along + 2 * aside < best.cost)) best = { other, cost: along + 2 * aside };
    }
    if (best !== null) best.other.focus();
  };
  svg.addEventListener("keydown", (event) => {
    const node = event.target.closest(".node");
    if (node === null) return;
    if (event.key.startsWith("Arrow")) move(node, event.key);
    else if (event.key === "Enter" || event.key === " ") choose(Number(node.dataset.node));
    else return;
    event.preventDefault();
  });
  const search = document.getElementById("search");
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement && event.target.type === "search";
    if (event.key === "/" && !isTyping) {
      search.focus();
      event.preventDefault();
    } else if (event.key === "Escape" && chosen !== null) choose(null);
  });
  search.addEventListener("input", () => {
    words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    show();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") found.querySelector("button")?.focus();
  });
  found.addEventListener("keydown", (event) => {
    const item = event.target.closest("li");
    const next = { ArrowDown: item?.nextElementSibling, ArrowUp: item?.previousElementSibling }[event.key];
    if (next) {
      next.querySelector("button").focus();
      event.preventDefault();
    }
  });
  const boxes = document.getElementById("filters");
  for (const [key, label] of filters) {
    const input = element("input", { type: "checkbox" });
    input.addEventListener("change", () => {
      if (input.checked) active.add(key); else active.delete(key);
      show();
    });
    boxes.append(element("label", {}, input, label));
  }
  document.getElementById("overview").addEventListener("click", () => choose(null));

  const show = () => {
    const all = listAll();
    draw(chosen === null ? overview(all) : around(chosen));
    explain();
  };
  const follow = () => {
    const match = /^#node=(\d+)$/.exec(location.hash);
    const before = chosen;
    chosen = match && nodes[Number(match[1])] ? Number(match[1]) : null;
    if (before === chosen && svg.childElementCount > 0) return;
    const hadFocus = svg.contains(document.activeElement);
    show();
    if (match) document.getElementById("boundary-graph").scrollIntoView({ block: "start" });
    if (hadFocus) (svg.querySelector(".node.chosen") ?? svg.querySelector(".node"))?.focus({ preventScroll: true });
  };
  window.addEventListener("hashchange", follow);
  follow();
})();
