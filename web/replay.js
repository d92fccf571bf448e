// replay.js - plays a recording in the page: play and pause, seek, speed, pauses skipped, keys. Pieces come from the server when they are wanted; terminal.js draws them.
// Nothing needs it: what was shown is there as text.
"use strict";

(() => {
	const KEEP_EVERY = 400, KEEP_MOST = 300, PAUSE = 2;

	class Player {
		constructor(section) {
			this.section = section;
			this.say = section.dataset;
			this.events = [];
			this.when = [];
			this.next = 0;
			this.at = 0;             // events that were applied
			this.time = 0;
			this.playing = this.busy = false;
			this.build();
			this.load().then(() => this.seek(0)).catch(() => this.status(this.say.failed));
		}

		make(name, props, ...children) {
			const el = Object.assign(document.createElement(name), props);
			el.append(...children);
			return el;
		}

		build() {
			const say = this.say, button = (text, fn) => this.make("button", {type: "button", onclick: fn}, text);
			this.button = button(say.play, () => this.toggle());
			this.slider = this.make("input", {type: "range", min: "0", max: "0", step: "0.1", value: "0", oninput: () => this.slide()});
			this.slider.setAttribute("aria-label", say.seek);
			this.speed = this.make("select", {}, ...[0.5, 1, 2, 4, 8].map((n) => this.make("option", {value: n, selected: n === 1}, `${n}×`)));
			this.speed.onchange = () => this.rebase();
			this.idle = this.make("input", {type: "checkbox", checked: true, onchange: () => this.retime()});
			this.clock = this.make("span", {className: "muted"});
			this.note = this.make("p", {className: "muted"});
			this.note.setAttribute("role", "status");
			this.pre = this.make("pre", {className: "screen", tabIndex: 0});
			this.pre.setAttribute("role", "img");
			this.pre.setAttribute("aria-label", say.screen);
			this.pre.dir = "ltr";
			const step = button(say.step, () => this.step()), still = matchMedia("(prefers-reduced-motion: reduce)").matches;
			const controls = this.make("div", {className: "controls"}, ...(still ? [step, this.button] : [this.button, step]), this.slider, this.clock,
				this.make("label", {}, `${say.speed} `, this.speed), this.make("label", {}, this.idle, ` ${say.idle}`));
			this.section.append(this.pre, controls, this.note, this.make("p", {className: "muted"}, say.help));
			this.section.addEventListener("keydown", (e) => this.key(e));
			this.section.hidden = false;
		}

		status(text) {
			if (this.note.textContent !== text)
				this.note.textContent = text;
		}

		async load() {
			if (this.next === null || this.busy)
				return;
			this.busy = true;
			try {
				const r = await fetch(`${this.say.cast}?from=${this.next}`, {credentials: "same-origin", headers: {"Accept": "application/json"}});
				if (!r.ok)
					throw new Error(String(r.status));
				const piece = await r.json();
				if (!this.events.length && !this.screen)
					this.first = new Terminal.Screen(piece.columns, piece.rows);
				for (const e of piece.events)
					if (Array.isArray(e) && typeof e[0] === "number" && typeof e[2] === "string")
						this.events.push(e);
				this.next = typeof piece.next === "number" && piece.next > (this.next || 0) ? piece.next : null;
				this.cut = piece.cut === true;
				this.retime();
			} finally {
				this.busy = false;
			}
		}

		// Times as they are played: pauses are no longer than PAUSE.
		retime() {
			let t = 0, before = 0;
			this.when = this.events.map(([at]) => {
				const gap = Math.max(0, at - before);
				t += this.idle.checked ? Math.min(gap, PAUSE) : gap;
				before = Math.max(before, at);
				return t;
			});
			this.slider.max = String(this.end());
			if (this.at > 0)
				this.time = this.when[this.at - 1];
			this.rebase();
			this.tell();
		}

		end() {
			return this.when.length ? this.when[this.when.length - 1] : 0;
		}

		apply(e) {
			if (e[1] === "o")
				Terminal.feed(this.screen, e[2]);
			else if (e[1] === "r" && /^\d{1,3}x\d{1,3}$/.test(e[2]))
				this.screen.resize(...e[2].split("x").map(Number));
			else if (e[1] === "m")
				this.status(e[2]);
			if (++this.at % KEEP_EVERY === 0 && this.kept.length < KEEP_MOST && (!this.kept.length || this.kept[this.kept.length - 1].at < this.at))
				this.kept.push({at: this.at, screen: this.screen.copy()});
		}

		// To the state after the first n events.
		go(n) {
			this.kept = this.kept || [];
			const near = this.kept.filter((k) => k.at <= n).pop();
			if (!this.screen || n < this.at || (near && near.at > this.at)) {
				this.screen = near ? near.screen.copy() : this.first.copy();
				this.at = near ? near.at : 0;
			}
			while (this.at < n)
				this.apply(this.events[this.at]);
			Terminal.draw(this.screen, this.pre);
		}

		count(t) {
			let low = 0, high = this.when.length;
			while (low < high) {
				const mid = (low + high) >> 1;
				if (this.when[mid] <= t)
					low = mid + 1;
				else
					high = mid;
			}
			return low;
		}

		seek(t) {
			this.time = Math.max(0, Math.min(t, this.end()));
			this.go(this.count(this.time));
			this.rebase();
			this.tell();
			this.more();
		}

		// The slider moves by tenths: its last one is the end.
		slide() {
			const t = Number(this.slider.value);
			this.seek(t + 0.1 > this.end() ? this.end() : t);
		}

		more() {
			if (this.next !== null && !this.busy && this.time > this.end() * 0.6)
				this.load().catch(() => this.status(this.say.failed));
		}

		tell() {
			const text = (t) => `${Math.floor(t / 60)}:${String(Math.floor(t % 60)).padStart(2, "0")}`;
			const both = `${text(this.time)} / ${text(this.end())}${this.next === null ? "" : "+"}`;
			this.slider.value = String(this.time);
			this.slider.setAttribute("aria-valuetext", both);
			this.clock.textContent = both;
		}

		rebase() {
			this.from = {clock: performance.now(), time: this.time};
		}

		toggle() {
			this.playing = !this.playing;
			this.button.textContent = this.playing ? this.say.pause : this.say.play;
			if (this.playing && this.at >= this.events.length && this.next === null)
				this.seek(0);
			this.rebase();
			if (this.playing)
				requestAnimationFrame(() => this.tick());
		}

		tick() {
			if (!this.playing)
				return;
			const t = this.from.time + (performance.now() - this.from.clock) / 1000 * Number(this.speed.value);
			this.time = Math.min(t, this.end());
			this.go(this.count(this.time));
			this.tell();
			this.more();
			if (this.at >= this.events.length) {
				if (this.next === null) {
					this.toggle();
					this.status(this.cut ? this.say.cut : this.say.over);
					return;
				}
				this.rebase();   // waits for the next piece
			}
			requestAnimationFrame(() => this.tick());
		}

		// What came at one moment is one step.
		step() {
			if (this.playing)
				this.toggle();
			if (this.at < this.events.length)
				this.seek(this.when[this.at] + 0.02);
			else
				this.status(this.next === null ? this.say.over : this.say.loading);
			this.more();
		}

		key(e) {
			const name = e.target.tagName;
			if (e.ctrlKey || e.altKey || e.metaKey || name === "SELECT")
				return;
			if (e.key === ".")
				this.step();
			else if (e.key === " " && name !== "BUTTON" && name !== "INPUT")
				this.toggle();
			else if ((e.key === "ArrowLeft" || e.key === "ArrowRight") && name !== "INPUT")
				this.seek(this.time + (e.key === "ArrowLeft" ? -5 : 5));
			else
				return;
			e.preventDefault();
		}
	}

	for (const section of document.querySelectorAll("section.replay[data-cast]"))
		new Player(section);
})();
