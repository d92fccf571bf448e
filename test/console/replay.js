// replay.js WEB/terminal.js - the terminal of the replay: what sequences do to it, and that nothing takes it out of its bounds. Prints what is wrong.
"use strict";
const {Screen, feed} = require(process.argv[2]);
let failed = 0;

function fail(text) {
	failed++;
	console.log(text);
}

function shown(s) {
	return s.grid.map((row) => row.map((cell) => cell[0]).join("").trimEnd()).join("|").replace(/\|+$/, "");
}

function check(text, want, columns = 10, rows = 4) {
	const s = new Screen(columns, rows);
	feed(s, text);
	if (shown(s) !== want)
		fail(`${JSON.stringify(text)}: ${JSON.stringify(shown(s))}, not ${JSON.stringify(want)}`);
	const t = new Screen(columns, rows);
	for (const ch of text)       // cut anywhere
		feed(t, ch);
	if (shown(t) !== shown(s))
		fail(`${JSON.stringify(text)}: not the same in pieces`);
	return s;
}

check("one\r\ntwo", "one|two");
check("a\r\nb\r\nc\r\nd\r\ne", "b|c|d|e");
check("0123456789x", "0123456789|x");
check("0123456789\r\nx", "0123456789|x");           // no empty line between
check("\x1b[?7l0123456789xyz", "012345678z");
check("abc\rX", "Xbc");
check("abc\b\bX", "aXc");
check("a\tb", "a       b");
check("abc\x1b[1;2HX\x1b[KY", "aXY");
check("abcdef\x1b[3D\x1b[K", "abc");
check("abcdef\x1b[3D\x1b[1K", "    ef");
check("abcdef\x1b[2J", "");
check("a\r\nb\r\nc\x1b[2;1H\x1b[J", "a");
check("a\r\nb\r\nc\x1b[2;1H\x1b[L", "a||b|c");
check("a\r\nb\r\nc\x1b[2;1H\x1b[M", "a|c");
check("abcdef\x1b[1;2H\x1b[2P", "adef");
check("abcdef\x1b[1;2H\x1b[2@", "a  bcdef");
check("abcdef\x1b[1;2H\x1b[2X", "a  def");
check("abc\x1b[1G\x1b[4hXY\x1b[4l", "XYabc");
check("a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[3;1H\nX", "a|c|X|d");
check("a\r\nb\x1b[1;1H\x1bM", "|a|b");
check("a\r\nb\x1b[1S", "b");
check("a\x1b[1T", "|a");
check("ab\x1b7cd\x1b8X", "abXd");
check("ab\x1b[scd\x1b[uX", "abXd");
check("first\x1b[?1049hsecond", "     secon|d");    // the cursor stays where it was
check("first\x1b[?1049h\x1b[Hsecond\x1b[?1049l!", "first!");
check("\x1b(0lqk\x1b(B lqk", "┌─┐ lqk");
check("\x1b)0\x0eq\x0fq", "─q");
check("한국X", "한국X");
check("e\u0301x", "e\u0301x");
check("\x1b[31mred\x1b[0m \x1b[38;5;200;48;2;1;2;3mx", "red x");
check("\x1b[999Ax\x1b[999;999Hy", "x||||         y".replace("||||", "|||"));
check("x\x1b[9999999999Cy", "x        y");
check("\x1b]0;title\x07x", "0;title\x07x".replace("\x07", ""));   // the filter takes these away; here they become text, and nothing else

const s = check("\x1b[1;4:3;38:5:196;7mX", "X");
const st = s.grid[0][0][1];
if (!st.bold || !st.under || st.italic || !st.inverse || st.fg !== undefined && st.fg !== 196)
	fail(`style: ${JSON.stringify(st)}`);

// Anything at all, also what no filter lets through: the grid keeps its size, the cursor stays inside, a copy is not the same thing.
let seed = 1;
const random = (n) => {
	seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
	return (seed >> 8) % n;
};
const PIECES = ["\x1b[", "\x1b", "?", ";", ":", "\n", "\r", "\b", "\t", "\x0e", "\x0f", "가", "e\u0301", "\u0301", "x", "\ud800", "<b>", "0", "9999", "3", "2", "12", "49", "1049", "25", "7", "4", ..."@ABCDEFGHIJKLMPSTXZ`adefhlmrsu78DEM()B0"];
for (let round = 0; round < 3000; round++) {
	const t = new Screen(1 + random(30), 1 + random(12));
	let text = "";
	for (let i = 0; i < 60; i++)
		text += PIECES[random(PIECES.length)];
	const kept = t.copy(), before = shown(kept);
	feed(t, text);
	if (random(3) === 0) {
		t.resize(1 + random(30), 1 + random(12));
		feed(t, text);
	}
	if (t.grid.length !== t.rows || t.grid.some((row) => row.length !== t.columns || row.some((c) => !c || typeof c[0] !== "string" || c[0].length > 20)))
		fail(`out of its bounds: ${JSON.stringify(text)}`);
	if (t.x < 0 || t.y < 0 || t.x >= t.columns || t.y >= t.rows || shown(kept) !== before)
		fail(`cursor or copy: ${JSON.stringify(text)}`);
	if (failed > 20)
		break;
}
console.log(`${failed} failed`);
process.exit(failed ? 1 : 0);
