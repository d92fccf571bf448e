// terminal.js - the terminal of a replay: text, colours and movement of the cursor, which is all that the server's filter lets through.
// What it shows was made by outsiders: it becomes text nodes and numbers, never markup.
"use strict";

const Terminal = (() => {
	const COLORS = [0x1c1c1c, 0xe06c60, 0x7fb86b, 0xd9a74a, 0x6ea0e0, 0xc07fd0, 0x5fb3b3, 0xd0d0d0, 0x8a8a8a, 0xff8f85, 0xa5d88f, 0xf0c674, 0x93bdf5, 0xdba0e8, 0x86d4d4, 0xffffff];
	const GROUND = 0x10151c, TEXT = 0xd9e0e8;    // of .screen in the style sheet
	const LINES = {"j": "┘", "k": "┐", "l": "┌", "m": "└", "n": "┼", "q": "─", "t": "├", "u": "┤", "v": "┴", "w": "┬", "x": "│", "a": "▒", "`": "◆", "f": "°", "g": "±", "o": "⎺", "s": "⎽", "~": "·"};
	const PLAIN = Object.freeze({});
	const NARROW = /^[\x20-\x7e]$/, ZERO = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
	const WIDE = [[0x1100, 0x115f], [0x2e80, 0x303e], [0x3041, 0xa4cf], [0xac00, 0xd7a3], [0xf900, 0xfaff], [0xfe30, 0xfe6f], [0xff00, 0xff60], [0xffe0, 0xffe6], [0x1f300, 0x1f64f], [0x1f900, 0x1f9ff], [0x20000, 0x3fffd]];

	function widthOf(ch) {
		if (NARROW.test(ch))
			return 1;
		if (ZERO.test(ch))
			return 0;
		const c = ch.codePointAt(0);
		return WIDE.some(([a, b]) => c >= a && c <= b) ? 2 : 1;
	}

	// Colours are numbers: 0 to 255 of the palette, from FAR on red, green and blue.
	const FAR = 1 << 24;

	function color(n) {
		if (n >= FAR)
			return n - FAR;
		if (n < 16)
			return COLORS[n];
		if (n >= 232)
			return (8 + (n - 232) * 10) * 0x10101;
		const level = (x) => x ? 55 + x * 40 : 0;
		return level(Math.floor((n - 16) / 36)) << 16 | level(Math.floor((n - 16) / 6) % 6) << 8 | level((n - 16) % 6);
	}

	function light(c) {
		return [16, 8, 0].map((k) => (c >> k & 255) / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((a, v, i) => a + v * [0.2126, 0.7152, 0.0722][i], 0);
	}

	// Text that nobody could read is made readable: a recording hides nothing by its colours.
	function readable(fg, bg) {
		const ratio = (c) => (Math.max(light(c), light(bg)) + 0.05) / (Math.min(light(c), light(bg)) + 0.05);
		return ratio(fg) >= 4.5 ? fg : ratio(0xffffff) > ratio(0) ? 0xffffff : 0;
	}

	const between = (x, low, high) => Math.max(low, Math.min(high, x));

	// ---- the terminal -------------------------------------------------------------------------------------------------------------------------
	class Screen {
		constructor(columns, rows) {
			this.size(between(columns | 0, 1, 400), between(rows | 0, 1, 150));
			this.reset();
		}

		size(columns, rows) {
			this.columns = columns;
			this.rows = rows;
		}

		reset() {
			this.grid = this.blank();
			this.other = null;       // the first screen, while the second is shown
			this.x = this.y = 0;
			this.style = PLAIN;
			this.saved = null;
			this.top = 0;
			this.bottom = this.rows - 1;
			this.wrap = this.shown = true;
			this.insert = this.late = this.shift = false;
			this.sets = ["B", "B"];
			this.state = "";
			this.dirty = new Set(Array.from({length: this.rows}, (_, i) => i));
		}

		blank() {
			return Array.from({length: this.rows}, () => this.blankRow());
		}

		blankRow() {
			return Array.from({length: this.columns}, () => [" ", PLAIN]);
		}

		resize(columns, rows) {
			const fit = (grid) => Array.from({length: rows}, (_, y) => Array.from({length: columns}, (_, x) => (grid[y] && grid[y][x]) || [" ", PLAIN]));
			const grid = this.grid, other = this.other;
			this.size(columns, rows);
			this.grid = fit(grid);
			this.other = other && fit(other);
			this.top = 0;
			this.bottom = rows - 1;
			this.move(this.x, this.y);
			this.all();
		}

		all() {
			for (let y = 0; y < this.rows; y++)
				this.dirty.add(y);
		}

		copy() {
			const c = Object.assign(Object.create(Screen.prototype), this);
			c.grid = this.grid.map((r) => r.slice());
			c.other = this.other && this.other.map((r) => r.slice());
			c.sets = this.sets.slice();
			c.dirty = new Set();
			c.all();
			return c;
		}

		move(x, y) {
			this.dirty.add(this.y);
			this.x = between(x, 0, this.columns - 1);
			this.y = between(y, 0, this.rows - 1);
			this.late = false;
			this.dirty.add(this.y);
		}

		scroll(n, from = this.top) {
			for (let i = 0; i < Math.min(Math.abs(n), this.bottom - from + 1); i++) {
				this.grid.splice(n > 0 ? from : this.bottom, 1);
				this.grid.splice(n > 0 ? this.bottom : from, 0, this.blankRow());
			}
			this.all();
		}

		down() {
			if (this.y === this.bottom)
				this.scroll(1);
			else
				this.move(this.x, this.y + 1);
		}

		up() {
			if (this.y === this.top)
				this.scroll(-1);
			else
				this.move(this.x, this.y - 1);
		}

		put(ch) {
			const line = this.sets[this.shift ? 1 : 0] === "0" && LINES[ch];
			const w = widthOf(ch), row = this.grid[this.y];
			if (!w) {                // joins what stands before it
				const at = Math.max(0, this.x - (this.late ? 0 : 1));
				if (row[at][0].length < 16)
					row[at] = [row[at][0] + ch, row[at][1]];
				return;
			}
			if ((this.late || this.x + w > this.columns) && this.wrap) {
				this.move(0, this.y);
				this.down();
			}
			if (this.insert)
				this.grid[this.y].splice(this.x, 0, ...Array.from({length: w}, () => [" ", PLAIN]));
			const now = this.grid[this.y];
			now[Math.min(this.x, this.columns - 1)] = [line || ch, this.style];
			if (w === 2 && this.x + 1 < this.columns)
				now[this.x + 1] = ["", this.style];
			now.length = this.columns;
			this.dirty.add(this.y);
			this.late = this.x + w >= this.columns;
			this.x = Math.min(this.x + w, this.columns - 1);
		}

		wipe(y, from, to) {
			for (let x = between(from, 0, this.columns); x < Math.min(to, this.columns); x++)
				this.grid[y][x] = [" ", this.style.bg === undefined ? PLAIN : {bg: this.style.bg}];
			this.dirty.add(y);
		}

		wipeScreen(how) {
			for (let y = 0; y < this.rows; y++)
				if (how === 2 || (how === 0 && y > this.y) || (how === 1 && y < this.y))
					this.wipe(y, 0, this.columns);
			if (how !== 2)
				this.wipeLine(how);
		}

		wipeLine(how) {
			this.wipe(this.y, how === 0 ? this.x : 0, how === 1 ? this.x + 1 : this.columns);
		}

		save() {
			this.saved = {x: this.x, y: this.y, style: this.style, sets: this.sets.slice(), shift: this.shift};
		}

		restore() {
			const s = this.saved || {x: 0, y: 0, style: PLAIN, sets: ["B", "B"], shift: false};
			this.style = s.style;
			this.sets = s.sets.slice();
			this.shift = s.shift;
			this.move(s.x, s.y);
		}

		alternate(on, keep) {
			if (on && !this.other) {
				if (keep)
					this.save();
				this.other = this.grid;
				this.grid = this.blank();
			} else if (!on && this.other) {
				this.grid = this.other;
				this.other = null;
				if (keep)
					this.restore();
			}
			this.all();
		}
	}

	// ---- sequences: those of cast_filter; what is not here does nothing ----------------------------------------------------------------------------------
	const CONTROLS = {
		"@": (s, n) => { s.grid[s.y].splice(s.x, 0, ...Array.from({length: Math.min(n, s.columns)}, () => [" ", PLAIN])); s.grid[s.y].length = s.columns; s.dirty.add(s.y); },
		"A": (s, n) => s.move(s.x, s.y - n), "B": (s, n) => s.move(s.x, s.y + n), "e": (s, n) => s.move(s.x, s.y + n),
		"C": (s, n) => s.move(s.x + n, s.y), "a": (s, n) => s.move(s.x + n, s.y), "D": (s, n) => s.move(s.x - n, s.y),
		"E": (s, n) => s.move(0, s.y + n), "F": (s, n) => s.move(0, s.y - n), "G": (s, n) => s.move(n - 1, s.y), "`": (s, n) => s.move(n - 1, s.y),
		"H": (s, n, v) => s.move((v[1] || 1) - 1, n - 1), "f": (s, n, v) => s.move((v[1] || 1) - 1, n - 1), "d": (s, n) => s.move(s.x, n - 1),
		"I": (s, n) => s.move((Math.floor(s.x / 8) + Math.min(n, 99)) * 8, s.y), "Z": (s, n) => s.move((Math.ceil(s.x / 8) - Math.min(n, 99)) * 8, s.y),
		"J": (s, n, v) => s.wipeScreen(v[0] || 0), "K": (s, n, v) => s.wipeLine(v[0] || 0), "X": (s, n) => s.wipe(s.y, s.x, s.x + n),
		"L": (s, n) => { if (s.y >= s.top && s.y <= s.bottom) s.scroll(-n, s.y); }, "M": (s, n) => { if (s.y >= s.top && s.y <= s.bottom) s.scroll(n, s.y); },
		"P": (s, n) => { const k = Math.min(n, s.columns - s.x); s.grid[s.y].splice(s.x, k); while (s.grid[s.y].length < s.columns) s.grid[s.y].push([" ", PLAIN]); s.dirty.add(s.y); },
		"S": (s, n) => s.scroll(n), "T": (s, n) => s.scroll(-n), "s": (s) => s.save(), "u": (s) => s.restore(),
		"r": (s, n, v) => { const top = n - 1, bottom = (v[1] || s.rows) - 1; if (top < bottom && bottom < s.rows) { s.top = top; s.bottom = bottom; s.move(0, 0); } },
	};
	const SWITCHES = {1: {bold: true}, 2: {dim: true}, 3: {italic: true}, 4: {under: true}, 7: {inverse: true}, 8: {hidden: true}, 9: {strike: true}, 22: {bold: false, dim: false}, 23: {italic: false},
		24: {under: false}, 27: {inverse: false}, 28: {hidden: false}, 29: {strike: false}, 39: {fg: undefined}, 49: {bg: undefined}};

	// 38;5;N, 38;2;R;G;B: the colour and how many numbers it took.
	function farColor(v, i) {
		if (v[i + 1] === 5)
			return [between(v[i + 2] || 0, 0, 255), 2];
		if (v[i + 1] === 2)
			return [[2, 3, 4].reduce((c, k) => c * 256 + between(v[i + k] || 0, 0, 255), 0) + FAR, 4];
		return [undefined, 0];
	}

	function rendition(s, v) {
		let st = s.style;
		for (let i = 0; i < v.length; i++) {
			const n = v[i];
			if (n === 0)
				st = PLAIN;
			else if (SWITCHES[n])
				st = {...st, ...SWITCHES[n]};
			else if (n === 38 || n === 48) {
				const [c, took] = farColor(v, i);
				st = {...st, [n === 38 ? "fg" : "bg"]: c};
				i += took;
			} else if ((n >= 30 && n <= 37) || (n >= 90 && n <= 97))
				st = {...st, fg: n < 90 ? n - 30 : n - 82};
			else if ((n >= 40 && n <= 47) || (n >= 100 && n <= 107))
				st = {...st, bg: n < 100 ? n - 40 : n - 92};
		}
		s.style = st;
	}

	function mode(s, own, n, on) {
		if (!own && n === 4)
			s.insert = on;
		else if (own && n === 7)
			s.wrap = on;
		else if (own && n === 25) {
			s.shown = on;
			s.dirty.add(s.y);
		} else if (own && (n === 47 || n === 1047 || n === 1049))
			s.alternate(on, n === 1049);
		else if (own && n === 1048)
			(on ? s.save() : s.restore());
	}

	function control(s, text, final) {
		const own = text.startsWith("?"), v = (own ? text.slice(1) : text.replace(/(^|;)4:(\d)/g, (_, a, n) => a + (n === "0" ? "24" : "4"))).split(/[;:]/).map((x) => parseInt(x, 10) || 0);
		if (final === "h" || final === "l")
			v.forEach((n) => mode(s, own, n, final === "h"));
		else if (final === "m" && !own)
			rendition(s, v);
		else if (CONTROLS[final] && !own)
			CONTROLS[final](s, v[0] || 1, v);
	}

	function escape(s, ch) {
		s.state = ch === "[" ? "[" : ch === "(" || ch === ")" ? ch : "";
		if (ch === "7")
			s.save();
		else if (ch === "8")
			s.restore();
		else if (ch === "D")
			s.down();
		else if (ch === "E") {
			s.move(0, s.y);
			s.down();
		} else if (ch === "M")
			s.up();
	}

	function ground(s, ch) {
		if (ch === "\x1b")
			s.state = "\x1b";
		else if (ch === "\n")
			s.down();
		else if (ch === "\r")
			s.move(0, s.y);
		else if (ch === "\b")
			s.move(s.x - 1, s.y);
		else if (ch === "\t")
			s.move((Math.floor(s.x / 8) + 1) * 8, s.y);
		else if (ch === "\x0e" || ch === "\x0f")
			s.shift = ch === "\x0e";
		else if (ch >= " ")
			s.put(ch);
	}

	function feed(s, text) {
		for (const ch of text)
			if (s.state === "")
				ground(s, ch);
			else if (s.state === "\x1b")
				escape(s, ch);
			else if (s.state === "(" || s.state === ")") {
				s.sets[s.state === "(" ? 0 : 1] = ch;
				s.state = "";
			} else if (ch >= "@" && ch <= "~") {
				const sequence = s.state.slice(1);
				s.state = "";
				control(s, sequence, ch);
			} else
				s.state = s.state.length < 80 ? s.state + ch : "";
	}

	// ---- into the page ------------------------------------------------------------------------------------------------------------------------------------------
	// A class for each style that was seen, in a style sheet of our own: elements have no style attributes. Made of numbers and words of ours.
	const MOST = 3000, classes = new Map();
	let sheet = null;

	function rule(st, cursor) {
		let fg = st.fg === undefined ? TEXT : color(st.bold && st.fg < 8 ? st.fg + 8 : st.fg), bg = st.bg === undefined ? GROUND : color(st.bg);
		if (Boolean(st.inverse) !== cursor)
			[fg, bg] = [bg, fg];
		const hex = (c) => `#${c.toString(16).padStart(6, "0")}`, line = [st.under && "underline", st.strike && "line-through", st.hidden && "underline dotted"].filter(Boolean);
		return `color:${hex(readable(fg, bg))};background-color:${hex(bg)};${st.bold ? "font-weight:bold;" : ""}${st.italic ? "font-style:italic;" : ""}${line.length ? `text-decoration:${line[0]};` : ""}`;
	}

	function paint(span, st, cursor) {
		if (st === PLAIN && !cursor)
			return;
		const css = rule(st, cursor);
		if (!sheet) {
			sheet = new CSSStyleSheet();
			document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
		}
		if (!classes.has(css) && classes.size < MOST) {
			classes.set(css, `t${classes.size}`);
			sheet.insertRule(`.replay .t${classes.size - 1} { ${css} }`, sheet.cssRules.length);
		}
		span.className = classes.get(css) || "";
	}

	function drawRow(s, y, into) {
		const row = s.grid[y];
		into.textContent = "";
		for (let x = 0; x < s.columns;) {
			const st = row[x][1], cursor = s.shown && y === s.y && x === s.x;
			let text = row[x++][0];
			while (x < s.columns && !cursor && row[x][1] === st && !(s.shown && y === s.y && x === s.x))
				text += row[x++][0];
			const span = document.createElement("span");
			paint(span, st, cursor);
			span.append(document.createTextNode(text));
			into.append(span);
		}
		into.append(document.createTextNode("\n"));
	}

	function draw(s, pre) {
		while (pre.children.length > s.rows)
			pre.lastChild.remove();
		while (pre.children.length < s.rows) {
			pre.append(document.createElement("span"));
			s.all();
		}
		for (const y of s.dirty)
			if (y < s.rows)
				drawRow(s, y, pre.children[y]);
		s.dirty.clear();
	}

	return {Screen, feed, draw, readable, light};
})();

if (typeof module === "object")
	module.exports = Terminal;
