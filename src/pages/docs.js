'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const nodes = data.nodes;
  const large = nodes.length > 150;
  const height = data.height;
  const middle = column => data.columns[column][0] + data.columns[column][1] / 2;
  for (const node of nodes) { node.width = data.columns[node.column][1]; node.x = middle(node.column); }
  const by = id => document.getElementById(id);
  const calm = matchMedia('(prefers-reduced-motion: reduce)');

  // Texts go in as text; only descriptions, which the generator has made safe, go in as markup.
  const element = (name, properties = {}, ...children) => {
    const it = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (value === null || value === undefined || value === false) continue;
      if (key.startsWith('on')) it.addEventListener(key.slice(2), value);
      else if (key === 'markup') it.innerHTML = value;
      else it.setAttribute(key, value);
    }
    it.append(...children.flat().filter(child => child !== null && child !== undefined && child !== ''));
    return it;
  };
  const drawn = (name, attributes = {}, ...children) => {
    const it = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) it.setAttribute(key, value);
    it.append(...children);
    return it;
  };
  const plural = (count, word) => `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;
  const plain = markup => new DOMParser().parseFromString(markup, 'text/html').body.textContent;

  // ── The graph ────────────────────────────────────────────────────────────────────────────────
  const parents = nodes.map(() => []);
  const children = nodes.map(() => []);
  for (const [from, to] of data.edges) { parents[to].push(from); children[from].push(to); }
  const numberOf = new Map(nodes.map((node, number) => [node.id, number]));
  const reach = (start, next) => {
    const seen = new Set(), open = [start];
    while (open.length) for (const it of next[open.pop()]) if (!seen.has(it)) { seen.add(it); open.push(it); }
    return seen;
  };

  let chosen = null;          // number of the described node
  let current = 0;            // number of the box that Tab reaches
  let upstream = new Set(), downstream = new Set();
  let focused = false;        // whether only the lineage of the chosen node is drawn
  let shown = new Set(nodes.keys());
  let places = nodes;
  let extent = { left: 0, top: 0, width: 1, height: 1 };
  const view = { x: 0, y: 0, scale: 1 };

  const words = node => node.type === 'model' ? [node.materialized, node.layer].filter(Boolean).join(' · ')
    : node.type === 'exposure' ? node.kind || 'exposure' : node.type;
  const shortened = name => {
    const most = 33;
    return name.length <= most ? name : `${name.slice(0, Math.ceil(most * .6) - 1)}…${name.slice(name.length - Math.floor(most * .4))}`;
  };
  const boxes = nodes.map((node, number) => {
    const box = drawn('g', { class: 'box', 'data-type': node.type, role: 'button', tabindex: '-1',
      'aria-label': `${node.type} ${node.name}, ${words(node)}, feeds ${children[number].length}, needs ${parents[number].length}` },
      drawn('rect', { width: node.width, height, rx: 7 }), drawn('rect', { class: 'bar', width: 5, height, rx: 2.5 }));
    const name = drawn('text', { x: 16, y: 20 }); name.textContent = shortened(node.name);
    const under = drawn('text', { class: 'under', x: 16, y: 36 }); under.textContent = words(node);
    const title = drawn('title'); title.textContent = node.name;
    box.append(name, under, title);
    box.addEventListener('focus', () => { current = number; tabStop(); });
    box.addEventListener('click', () => { if (!moved) choose(number); });
    return box;
  });
  const lines = data.edges.map(() => drawn('path'));
  by('edges').append(...lines);
  by('boxes').append(...boxes);

  // From the right side of one box to the left side of the other, level through each column between.
  const line = (from, to, passes) => {
    let x = from.x + from.width / 2, y = from.y, path = `M${x} ${y}`;
    const curve = (toX, toY) => {
      const half = (x + toX) / 2;
      path += y === toY ? `H${toX}` : `C${half} ${y} ${half} ${toY} ${toX} ${toY}`;
      [x, y] = [toX, toY];
    };
    for (const pass of passes) { curve(pass.x - pass.width / 2, pass.y); path += `H${x = pass.x + pass.width / 2}`; }
    curve(to.x - to.width / 2 - 2, to.y);
    return path;
  };
  const wholePasses = data.edges.map(([, , passes]) => passes.map(([column, y]) => ({ x: middle(column), width: data.columns[column][1], y })));

  // Part of the graph, in the order of the whole but closed up: columns move left, rows move together.
  const closedUp = part => {
    const used = [...new Set([...part].map(it => nodes[it].column))].sort((a, b) => a - b);
    const columns = new Map(used.map(column => [column, []]));
    const at = new Map(), passes = new Map();
    const add = (column, item) => { columns.get(column).push(item); return item; };
    for (const it of part) {
      at.set(it, add(nodes[it].column, { y: nodes[it].y, half: height / 2 + 11, own: nodes[it].width, near: [] }));
    }
    data.edges.forEach(([from, to, through], number) => {
      if (!part.has(from) || !part.has(to)) return;
      const between = through.filter(([column]) => columns.has(column)).map(([column, y]) => add(column, { y, half: 12, own: 0, near: [] }));
      const chain = [at.get(from), ...between, at.get(to)];
      chain.slice(1).forEach((item, before) => { item.near.push(chain[before]); chain[before].near.push(item); });
      passes.set(number, between);
    });
    let left = 0;
    const lists = [...columns.values()];
    for (const list of lists) {
      list.sort((a, b) => a.y - b.y);
      const wide = Math.max(...list.map(item => item.own));
      let y = -list.reduce((sum, item) => sum + item.half, 0);
      for (const item of list) { item.y = y + item.half; y += 2 * item.half; item.width = wide; item.x = left + wide / 2; }
      left += wide + 52;
    }
    for (let sweep = 0; sweep < 24; sweep++) for (const list of sweep % 2 ? [...lists].reverse() : lists) {
      // Each item wants to be level with its neighbours; items that touch move as one block.
      const blocks = [];
      for (const item of list) {
        const wanted = item.near.length ? item.near.reduce((sum, it) => sum + it.y, 0) / item.near.length : item.y;
        let block = { items: [item], size: 2 * item.half, sum: wanted - item.half };
        block.start = block.sum;
        while (blocks.length && blocks.at(-1).start + blocks.at(-1).size > block.start) {
          const before = blocks.pop(), items = [...before.items, ...block.items];
          block = { items, size: before.size + block.size, sum: before.sum + block.sum - block.items.length * before.size };
          block.start = block.sum / items.length;
        }
        blocks.push(block);
      }
      for (const block of blocks) { let y = block.start; for (const item of block.items) { item.y = y + item.half; y += 2 * item.half; } }
    }
    return { at, passes };
  };

  const place = () => {
    shown = focused && chosen !== null ? new Set([chosen, ...upstream, ...downstream]) : new Set(nodes.keys());
    const close = shown.size < nodes.length ? closedUp(shown) : null;
    places = nodes.map((node, number) => close ? close.at.get(number) ?? node : node);
    boxes.forEach((box, number) => {
      const wide = places[number].width;
      box.firstChild.setAttribute('width', wide);
      box.style.display = shown.has(number) ? '' : 'none';
      box.setAttribute('transform', `translate(${places[number].x - wide / 2} ${places[number].y - height / 2})`);
    });
    data.edges.forEach(([from, to], number) => {
      const visible = shown.has(from) && shown.has(to);
      lines[number].style.display = visible ? '' : 'none';
      if (visible) lines[number].setAttribute('d', line(places[from], places[to], close ? close.passes.get(number) : wholePasses[number]));
    });
    const ys = [...shown].map(it => places[it].y);
    const least = list => list.reduce((a, b) => Math.min(a, b), Infinity), most = list => list.reduce((a, b) => Math.max(a, b), -Infinity);
    const left = least([...shown].map(it => places[it].x - places[it].width / 2)), right = most([...shown].map(it => places[it].x + places[it].width / 2));
    const top = least(ys) - height / 2, bottom = most(ys) + height / 2;
    extent = ys.length ? { left, top, width: right - left, height: bottom - top } : { left: 0, top: 0, width: 1, height: 1 };
  };

  const light = () => {
    const lit = new Set([...upstream, ...downstream]);
    by('view').classList.toggle('some', chosen !== null);
    boxes.forEach((box, number) => {
      box.classList.toggle('lit', lit.has(number));
      box.classList.toggle('chosen', number === chosen);
      box.setAttribute('aria-pressed', number === chosen);
    });
    const side = (set, it) => it === chosen || set.has(it);
    data.edges.forEach(([from, to], number) => {
      const on = chosen !== null && (side(upstream, from) && side(upstream, to) || side(downstream, from) && side(downstream, to));
      lines[number].classList.toggle('lit', on);
      if (on) by('edges').append(lines[number]);
    });
  };

  // ── Moving about ─────────────────────────────────────────────────────────────────────────────
  const graph = by('graph');
  const apply = () => {
    by('view').setAttribute('transform', `translate(${view.x} ${view.y}) scale(${view.scale})`);
    graph.style.backgroundPosition = `${view.x}px ${view.y}px`;
    by('view').classList.toggle('far', view.scale < .45);
    by('view').classList.toggle('farther', view.scale < .22);
  };
  let journey = 0;
  const go = target => {
    const from = { ...view }, begun = performance.now(), mine = ++journey;
    const step = now => {
      if (mine !== journey) return;
      const part = calm.matches ? 1 : Math.min(1, Math.max(0, now - begun) / 220), eased = 1 - (1 - part) ** 3;
      for (const key of ['x', 'y', 'scale']) view[key] = from[key] + (target[key] - from[key]) * eased;
      apply();
      if (part < 1) requestAnimationFrame(step);
    };
    if (calm.matches || document.hidden) { Object.assign(view, target); apply(); } else requestAnimationFrame(step);
  };
  const fitting = () => {
    const room = graph.getBoundingClientRect(), margin = 28, below = 60;
    const scale = Math.max(.004, Math.min(1.1, (room.width - 2 * margin) / extent.width, (room.height - margin - below) / extent.height));
    return { scale, x: (room.width - extent.width * scale) / 2 - extent.left * scale,
      y: (room.height - below + margin - extent.height * scale) / 2 - extent.top * scale };
  };
  const fit = () => go(fitting());
  // A large graph as a whole is a smear: it opens as wide as the window instead, somewhere in its middle.
  const opening = () => {
    const room = graph.getBoundingClientRect(), all = fitting();
    if (!large || all.scale >= .3) return all;
    const scale = Math.max(all.scale, Math.min(.5, (room.width - 56) / extent.width));
    const { y } = places[nodes.reduce((best, _, it) => children[it].length + parents[it].length > children[best].length + parents[best].length ? it : best, 0)];
    return { scale, x: Math.max(room.width / 2 - extent.width / 2 * scale, 28) - extent.left * scale, y: room.height / 2 - y * scale };
  };
  const zoom = (factor, x, y, smooth) => {
    const room = graph.getBoundingClientRect();
    x ??= room.width / 2; y ??= room.height / 2;
    const scale = Math.max(.004, Math.min(3, view.scale * factor)), ratio = scale / view.scale;
    const target = { scale, x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio };
    if (smooth) go(target); else { journey++; Object.assign(view, target); apply(); }
  };
  const reveal = number => {
    const room = graph.getBoundingClientRect(), { x, y, width } = places[number];
    const left = view.x + (x - width / 2) * view.scale, top = view.y + (y - height / 2) * view.scale;
    const inside = left > 8 && top > 8 && left + width * view.scale < room.width - 8 && top + height * view.scale < room.height - 56;
    if (inside && view.scale >= .4) return;
    const scale = Math.max(view.scale, .75);
    go({ scale, x: room.width / 2 - x * scale, y: room.height / 2 - y * scale });
  };

  let moved = false;
  const fingers = new Map();
  graph.addEventListener('wheel', event => {
    event.preventDefault();
    const room = graph.getBoundingClientRect(), unit = event.deltaMode ? 30 : 1;
    zoom(Math.exp(-event.deltaY * unit * (event.ctrlKey ? .01 : .0016)), event.clientX - room.left, event.clientY - room.top);
  }, { passive: false });
  graph.addEventListener('pointerdown', event => {
    if (event.button) return;
    if (!fingers.size) moved = false;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY, startX: event.clientX, startY: event.clientY });
  });
  addEventListener('pointermove', event => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    const [x, y] = [event.clientX, event.clientY];
    if (Math.hypot(x - finger.startX, y - finger.startY) > 4) moved = true;
    if (!moved) return;
    journey++;
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const before = Math.hypot(finger.x - other.x, finger.y - other.y), after = Math.hypot(x - other.x, y - other.y);
      const room = graph.getBoundingClientRect();
      if (before > 0) zoom(after / before, (x + other.x) / 2 - room.left, (y + other.y) / 2 - room.top);
    } else { view.x += x - finger.x; view.y += y - finger.y; apply(); }
    Object.assign(finger, { x, y });
  });
  for (const name of ['pointerup', 'pointercancel']) addEventListener(name, event => fingers.delete(event.pointerId));
  graph.addEventListener('click', event => { if (!moved && !event.target.closest('.box')) choose(null); });

  const tabStop = () => boxes.forEach((box, number) => box.setAttribute('tabindex', number === current ? '0' : '-1'));
  const step = (number, key) => {
    const near = list => [...list].filter(it => shown.has(it))
      .sort((a, b) => Math.abs(places[a].y - places[number].y) - Math.abs(places[b].y - places[number].y))[0];
    if (key === 'ArrowLeft') return near(parents[number]);
    if (key === 'ArrowRight') return near(children[number]);
    const down = key === 'ArrowDown';
    return near([...shown].filter(it => it !== number && Math.abs(places[it].x - places[number].x) < 1
      && (down ? places[it].y > places[number].y : places[it].y < places[number].y)));
  };
  by('boxes').addEventListener('keydown', event => {
    if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); choose(current); by('details').focus({ preventScroll: true }); return; }
    if (!event.key.startsWith('Arrow')) return;
    event.preventDefault();
    const next = step(current, event.key);
    if (next !== undefined) { current = next; tabStop(); boxes[next].focus({ preventScroll: true }); reveal(next); }
  });

  // ── Choosing ─────────────────────────────────────────────────────────────────────────────────
  const link = number => element('a', { href: `#${encodeURIComponent(nodes[number].id)}`, class: 'dot', 'data-type': nodes[number].type }, nodes[number].name);
  const choose = (number, { written = false, silent = false } = {}) => {
    const wasFocused = focused;
    chosen = number;
    upstream = number === null ? new Set() : reach(number, parents);
    downstream = number === null ? new Set() : reach(number, children);
    if (number === null) focused = false; else { current = number; tabStop(); }
    by('focus').disabled = number === null;
    by('focus').setAttribute('aria-pressed', focused);
    if (focused || wasFocused) { place(); fit(); } else if (number !== null && !silent) reveal(number);
    light();
    describe();
    mark();
    const hash = number === null ? '' : `#${encodeURIComponent(nodes[number].id)}`;
    if (!written && location.hash !== hash) history.pushState(null, '', hash || location.pathname + location.search);
  };
  const fromHash = silent => {
    let id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch { /* not ours */ }
    if (id && !numberOf.has(id)) return;
    choose(numberOf.get(id) ?? null, { written: true, silent });
  };
  const setFocus = on => {
    if (chosen === null) return;
    focused = on;
    by('focus').setAttribute('aria-pressed', on);
    place(); light(); fit();
  };

  // ── The description ──────────────────────────────────────────────────────────────────────────
  const bytes = count => {
    const units = ['B', 'kB', 'MB', 'GB', 'TB'];
    const unit = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(count, 1)) / 3));
    return `${(count / 1000 ** unit).toFixed(unit && count / 1000 ** unit < 100 ? 1 : 0)} ${units[unit]}`;
  };
  const title = (text, count) => element('h3', {}, text, count === undefined ? null : element('small', {}, ` ${count}`));
  const tests = list => list.length ? element('div', { class: 'tests' }, list.map(it => element('span', { class: 'test' }, it))) : null;
  const TOKEN = new RegExp([
    /(?<c>--[^\n]*|\/\*[\s\S]*?\*\/|\{#[\s\S]*?#\})/, /(?<j>\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\})/, /(?<s>'(?:[^']|'')*')|"(?:[^"]|"")*"/,
    /\b(?<n>\d+(?:\.\d+)?)\b/,
    /\b(?<k>select|from|where|group|by|order|having|join|left|right|full|inner|outer|cross|on|using|as|and|or|not|in|is|null|case|when|then|else|end|with|recursive|union|all|distinct|over|partition|rows|range|between|preceding|following|unbounded|current|row|cast|interval|limit|offset|exists|like|ilike|true|false|asc|desc|nulls|first|last|filter|within|lateral|unnest|values|except|intersect|qualify|window)\b/,
  ].map(it => it.source).join('|'), 'gi');
  const coloured = sql => {
    const out = element('code');
    let end = 0;
    for (const match of sql.matchAll(TOKEN)) {
      const kind = Object.entries(match.groups).find(([, text]) => text !== undefined)?.[0];
      if (!kind) continue;
      out.append(sql.slice(end, match.index), element('span', { class: kind }, match[0]));
      end = match.index + match[0].length;
    }
    out.append(sql.slice(end));
    return out;
  };
  const sqlOf = node => {
    const texts = [['As written', node.raw], ['Compiled', node.compiled]].filter(([, text]) => text);
    if (!texts.length) return null;
    const pre = element('pre', { tabindex: 0, role: 'tabpanel', 'aria-label': 'SQL' });
    const show = number => {
      pre.replaceChildren(coloured(texts[number][1].trim()));
      tabs.forEach((tab, it) => { tab.setAttribute('aria-selected', it === number); tab.tabIndex = it === number ? 0 : -1; });
    };
    const tabs = texts.map(([name], number) => element('button', { type: 'button', role: 'tab', onclick: () => show(number),
      onkeydown: event => {
        if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
        const other = (number + 1) % texts.length; show(other); tabs[other].focus();
      } }, name));
    const copy = navigator.clipboard && element('button', { type: 'button', class: 'copy', onclick: event => {
      const button = event.currentTarget;
      navigator.clipboard.writeText(pre.textContent).then(() => { button.textContent = 'Copied'; setTimeout(() => { button.textContent = 'Copy'; }, 1500); }, () => {});
    } }, 'Copy');
    show(0);
    return element('section', { class: 'sql' }, title('SQL'), element('div', { class: 'tabs' },
      element('div', { role: 'tablist', 'aria-label': 'Form of the SQL' }, tabs), copy || null), pre);
  };
  // Long names break after dots and slashes first; copied, they are whole.
  const breakable = name => name.split(/(?<=[./])/).flatMap(part => [part, element('wbr')]);
  const fact = (name, value, mono) => value === null || value === undefined || value === '' ? [] : [element('dt', {}, name), mono ? element('dd', { class: 'mono' }, breakable(value)) : element('dd', {}, value)];
  const text = (markup, otherwise) => markup ? element('div', { class: 'text', markup }) : otherwise ? element('p', { class: 'text missing' }, otherwise) : null;
  // What only decides about values comes after what they are made of.
  const DECIDES = ['condition', 'filter', 'group', 'join', 'over', 'sort'];
  const origins = (list, made = []) => {
    const sorted = [...list].sort(([a], [b]) => DECIDES.indexOf(a) - DECIDES.indexOf(b));
    const lines = sorted.map(([kind, number, relation, column]) => element('li', {}, element('i', {}, kind), ' ',
      number === null ? relation : link(number), `.${column}`));
    lines.unshift(...made.map(it => element('li', {}, element('i', {}, it))));
    return lines.length ? element('ul', { class: 'origins' }, lines) : null;
  };
  const inherited = from => from && element('p', { class: 'inherited' }, 'Described at ', link(from[0]), `.${from[1]}`);
  const carried = marks => marks.length ? element('div', { class: 'tests' }, marks.map(it => element('span', { class: 'test' }, `carries ${it}`))) : null;

  const describeNode = node => {
    const number = chosen;
    const sorted = list => [...list].sort((a, b) => nodes[a].name < nodes[b].name ? -1 : 1);
    const feeds = (name, direct, all) => direct.length ? [title(name, all.size > direct.length ? `${direct.length} of ${all.size} in all` : `${direct.length}`),
      element('div', { class: 'chips' }, sorted(direct).map(link))] : [];
    return [
      element('div', { class: 'kind dot', 'data-type': node.type }, [node.type, node.type === 'exposure' ? node.kind : node.layer].filter(Boolean).join(' · '),
        element('button', { type: 'button', title: 'Back to the overview (Esc)', 'aria-label': 'Back to the overview', onclick: () => choose(null) }, '×')),
      element('h2', {}, node.label || node.name),
      text(node.description, 'No description.'),
      element('dl', {}, fact('Materialised', node.materialized), fact('Relation', node.relation, true), fact('File', node.path, true), fact('Package', node.package),
        fact('Owner', node.owner), fact('Address', node.url && element('a', { href: node.url, rel: 'noreferrer' }, node.url)),
        fact('Tags', node.tags.join(', ')), fact('Rows', node.rows === null ? null : node.rows.toLocaleString('en')), fact('Size', node.bytes === null ? null : bytes(node.bytes))),
      ...feeds('Needs', parents[number], upstream), ...feeds('Feeds', children[number], downstream),
      ...node.columns.length ? [title('Columns', node.columns.length), element('ul', { class: 'columns' }, node.columns.map(column =>
        element('li', {}, element('div', { class: 'head' }, element('b', {}, column.name), column.type && element('span', {}, column.type)),
          text(column.description), inherited(column.inherited), carried(column.carries), origins(column.origins, column.made), tests(column.tests))))] : [],
      ...node.decided.length ? [title('Rows are decided by', node.decided.length), origins(node.decided)] : [],
      ...node.tests.length ? [title('Tests of the whole', node.tests.length), tests(node.tests)] : [],
      sqlOf(node),
    ];
  };
  const describeProject = () => {
    const count = type => nodes.filter(node => node.type === type).length;
    const columns = nodes.flatMap(node => node.columns);
    const described = [...nodes, ...columns].filter(it => it.description).length;
    const names = new Set(nodes.flatMap(node => node.tests.map(it => `${it}`)));
    const testCount = columns.reduce((sum, it) => sum + it.tests.length, 0) + names.size;
    const cell = (value, word) => element('li', {}, element('b', {}, value.toLocaleString('en')), value === 1 ? word : `${word}s`);
    const all = nodes.length + columns.length;
    return [
      element('div', { class: 'kind' }, 'project'),
      element('h2', {}, data.project),
      text(data.overview),
      element('ul', { class: 'numbers' }, ['model', 'source', 'seed', 'exposure'].filter(count).map(type => cell(count(type), type)),
        cell(columns.length, 'column'), testCount ? cell(testCount, 'test') : null),
      element('p', { class: 'text' }, all ? `${Math.floor(100 * described / all)} % of nodes and columns are described.` : 'The project has no nodes yet.'),
      title('Getting about'),
      element('div', { class: 'keys' }, [[['/'], 'search names, columns and descriptions'], [['←', '→'], 'what a node needs, what it feeds'], [['↑', '↓'], 'the node above or below'],
        [['Enter'], 'describe the node'], [['f'], 'only its lineage'], [['0', '+', '−'], 'fit, larger, smaller'], [['Esc'], 'back to the overview']]
        .flatMap(([keys, does]) => [element('span', {}, keys.map(key => element('kbd', {}, key))), element('span', {}, does)])),
      element('p', { class: 'foot' }, `Written ${data.generatedAt.slice(0, 16).replace('T', ' ')} UTC by ${data.generator}.`),
    ];
  };
  const describe = () => {
    const parts = chosen === null ? describeProject() : describeNode(nodes[chosen]);
    by('details').replaceChildren(...parts.filter(Boolean));
    by('details').scrollTop = 0;
    document.title = `${chosen === null ? '' : `${nodes[chosen].name} · `}${data.project} · lineage and documentation`;
  };

  // ── The list ─────────────────────────────────────────────────────────────────────────────────
  const item = (number, why) => element('a', { href: `#${encodeURIComponent(nodes[number].id)}`, 'data-type': nodes[number].type, 'data-number': number, title: nodes[number].name },
    element('span', {}, nodes[number].name), why ? element('small', {}, why) : null);
  const groups = () => {
    const found = new Map();
    nodes.forEach((node, number) => {
      const name = node.type === 'model' ? [node.package, node.layer || 'models'].filter(Boolean).join(' / ') : `${node.type}s`;
      if (!found.has(name)) found.set(name, []);
      found.get(name).push(number);
    });
    const rank = list => ({ source: 0, seed: 1, model: 2, exposure: 3 })[nodes[list[0]].type] * 1e7 + list.reduce((sum, it) => sum + nodes[it].x, 0) / list.length;
    return [...found].sort(([, a], [, b]) => rank(a) - rank(b));
  };
  const haystack = nodes.map(node => ({ name: node.name.toLowerCase(), columns: node.columns.map(it => it.name.toLowerCase()),
    rest: [node.path, ...node.tags, node.label ?? '', plain(node.description), ...node.columns.map(it => plain(it.description))].join('\n').toLowerCase() }));
  const search = typed => {
    const wanted = typed.trim().toLowerCase();
    if (!wanted) {
      by('list').replaceChildren(...groups().flatMap(([name, list]) =>
        [element('h2', {}, name, element('span', {}, list.length)), ...list.map(it => item(it))]));
      by('found').textContent = '';
      return mark();
    }
    const hits = [];
    haystack.forEach((hay, number) => {
      const column = hay.columns.findIndex(it => it.includes(wanted));
      if (hay.name.includes(wanted)) hits.push([hay.name.startsWith(wanted) ? 0 : 1, number]);
      else if (column >= 0) hits.push([2, number, nodes[number].columns[column].name]);
      else if (hay.rest.includes(wanted)) hits.push([3, number, 'text']);
    });
    hits.sort((a, b) => a[0] - b[0] || (nodes[a[1]].name < nodes[b[1]].name ? -1 : 1));
    by('list').replaceChildren(...hits.length ? hits.map(([, number, why]) => item(number, why)) : [element('p', { class: 'none' }, `Nothing has “${typed.trim()}” in its name, columns or description.`)]);
    by('found').textContent = `${plural(hits.length, 'node')} found`;
    mark();
  };
  const mark = () => {
    for (const it of by('list').querySelectorAll('[aria-current]')) it.removeAttribute('aria-current');
    const it = chosen === null ? null : by('list').querySelector(`[data-number="${chosen}"]`);
    if (it) { it.setAttribute('aria-current', 'true'); it.scrollIntoView({ block: 'nearest' }); }
  };
  by('search').addEventListener('input', event => search(event.target.value));
  by('search').addEventListener('keydown', event => {
    const first = by('list').querySelector('a');
    if (event.key === 'ArrowDown' && first) { event.preventDefault(); first.focus(); }
    if (event.key === 'Enter' && first) choose(Number(first.dataset.number));
  });
  by('list').addEventListener('keydown', event => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const all = [...by('list').querySelectorAll('a')], at = all.indexOf(document.activeElement);
    event.preventDefault();
    (all[at + (event.key === 'ArrowDown' ? 1 : -1)] ?? (event.key === 'ArrowUp' ? by('search') : all[at])).focus();
  });

  // ── Beginning ────────────────────────────────────────────────────────────────────────────────
  by('legend').append(...['source', 'seed', 'model', 'exposure'].filter(type => nodes.some(node => node.type === type))
    .map(type => element('li', { class: 'dot', 'data-type': type }, type)));
  by('focus').addEventListener('click', () => setFocus(!focused));
  by('fit').addEventListener('click', fit);
  by('in').addEventListener('click', () => zoom(1.35, undefined, undefined, true));
  by('out').addEventListener('click', () => zoom(1 / 1.35, undefined, undefined, true));
  addEventListener('hashchange', () => fromHash(false));
  addEventListener('popstate', () => fromHash(false));
  addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches?.('input');
    if (event.key === 'Escape') {
      if (typing && by('search').value) { by('search').value = ''; search(''); } else { choose(null); if (typing) by('search').blur(); }
    } else if (typing) return;
    else if (event.key === '/') { event.preventDefault(); by('search').focus(); by('search').select(); }
    else if (event.key === 'f') setFocus(!focused);
    else if (event.key === '0') fit();
    else if (event.key === '+' || event.key === '=') zoom(1.35, undefined, undefined, true);
    else if (event.key === '-') zoom(1 / 1.35, undefined, undefined, true);
  });
  let room = null;
  new ResizeObserver(() => {
    const { width: wide, height: high } = graph.getBoundingClientRect();
    if (room && (Math.abs(room.wide - wide) > 40 || Math.abs(room.high - high) > 40)) fit();
    room = { wide, high };
  }).observe(graph);

  place();
  search('');
  tabStop();
  Object.assign(view, opening());
  apply();
  fromHash(true);
  // In a large graph, what matters is near the chosen node.
  if (chosen !== null && large) setFocus(true);
})();
