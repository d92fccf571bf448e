/* test_cast_filter.c - what of a recording reaches the terminal: nothing that does more than text, colours and movement. */
#include "gate/record_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct buf filtered(struct slice in, size_t piece, bool plain)
{
	struct cast_filter f = {.plain = plain};
	struct buf out = {0};
	for (size_t i = 0; i < in.n; i += piece)
		cast_filter_feed(&f, slice_make(in.p + i, MIN(piece, in.n - i)), &out);
	return out;
}

/* Each within A and Z; what is left of it must be "AZ", or the text beside it. */
#define NASTY(X)                                                                                                                                  \
	X("\033]52;c;ZXZpbA==\007", "") X("\033]52;c;ZXZpbA==\033\\", "") X("\033]52;p;?\007", "") X("\302\235" "52;c;eA==\007", "") X("\033]0;title\007", "")               \
	X("\033]1;icon\007", "") X("\033]2;title\033\\", "") X("\033]4;1;?\007", "") X("\033]10;?\007", "") X("\033]11;?\033\\", "") X("\033]12;red\007", "")                 \
	X("\033]50;font\007", "") X("\033]7;file://h/p\007", "") X("\033]8;;http://evil/\007", "") X("\033]9;notify\007", "") X("\033]777;notify;a;b\007", "")                 \
	X("\033]1337;File=inline=1:AAAA\007", "") X("\033]133;A\007", "") X("\033]633;E;rm\007", "") X("\033]5522;x\033\\", "") X("\033P$q\"p\033\\", "")                     \
	X("\033P+q544e\033\\", "") X("\033P1$r0m\033\\", "") X("\033Pq#0;2;0;0;0\033\\", "") X("\302\220$qm\302\234", "") X("\033P0;1|17/0a\033\\", "")                         \
	X("\033_Ga=T;AAAA\033\\", "") X("\302\237Gx\302\234", "") X("\033^pm\033\\", "") X("\302\236pm\302\234", "") X("\033Xsos\033\\", "") X("\302\230sos\302\234", "")          \
	X("\033k screen title\033\\", "") X("\033[c", "") X("\033[0c", "") X("\033[>c", "") X("\033[=c", "") X("\033Z", "") X("\302\232", "") X("\033[5n", "")                   \
	X("\033[6n", "") X("\033[?6n", "") X("\033[?996n", "") X("\302\233" "6n", "") X("\005", "") X("\033[21t", "") X("\033[20t", "") X("\033[18t", "") X("\033[8;1;1t", "")       \
	X("\033[3;0;0t", "") X("\033[2t", "") X("\033[22;0t", "") X("\033[x", "") X("\033[1x", "") X("\033[>q", "") X("\033[>0q", "") X("\033[ q", "") X("\033[5 q", "")            \
	X("\033[?u", "") X("\033[>1u", "") X("\033[<u", "") X("\033[=1u", "") X("\033[?1h", "") X("\033[?9h", "") X("\033[?1000h", "") X("\033[?1002h", "") X("\033[?1003h", "")   \
	X("\033[?1004h", "") X("\033[?1006h", "") X("\033[?2004h", "") X("\033[?2026h", "") X("\033[?1049;1000h", "") X("\033[?25;2004l", "") X("\033[?3h", "") X("\033[?5h", "")    \
	X("\033[?1049$p", "") X("\033[20h", "") X("\033[2h", "") X("\033[3J", "") X("\033[?J", "") X("\033[i", "") X("\033[5i", "") X("\033[4i", "") X("\033[?5i", "")            \
	X("\033[!p", "") X("\033[61\"p", "") X("\033[1$w", "") X("\033[2$w", "") X("\033[1*y", "") X("\033[1;1;1;1;1;1*y", "") X("\033[1'z", "") X("\033['|", "") X("\033[>4;2m", "")  \
	X("\033[?4m", "") X("\033[1;2;3;4;5T", "") X("\033[1;5s", "") X("\033[99999999b", "") X("\033[3b", "") X("\033[99999A", "") X("\033[3g", "") X("\033[#{", "") X("\033[#S", "") \
	X("\033c", "") X("\033=", "") X("\033>", "") X("\033#8", "") X("\033 F", "") X("\033 G", "") X("\033%G", "") X("\033%@", "") X("\033(K", "") X("\033*0", "") X("\033n", "")    \
	X("\033o", "") X("\033|", "") X("\033}", "") X("\033l", "") X("\033m", "") X("\033H", "") X("\302\210", "") X("\302\205", "") X("\302\217", "") X("\007", "") X("\177", "")       \
	X("\001", "") X("\013", "") X("\014", "") X("\020", "") X("\021", "") X("\023", "") X("\033\033[6n", "") X("\033[\033[6n", "") X("\033[6\030n", "n") X("\033[1;2;3", "")   \
	X("\033[6\nn", "\n") X("\033]52;c;\033[6n", "") X("\033]x\033]52;c;e\007", "") X("\033P\033P\033[c\033\\", "") X("\342\200\256", "\357\277\275") X("\342\201\246", "\357\277\275")     \
	X("\363\240\201\201", "\357\277\275") X("\233" "6n", "\357\277\275" "6n") X("\235" "52;c;x\007", "\357\277\275" "52;c;x") X("\300\233" "6n", "\357\277\275\357\277\275" "6n")
static const struct { struct slice in, left; } nasty[] = {
#define X(in, left) {SL("A" in), SL("A" left)},
	NASTY(X)
#undef X
};

static const char *const kept[] = {
	"plain text\r\n\ttab\b", "\033[31mred\033[0m", "\033[1;38;5;200m", "\033[38:2:1:2:3m", "\033[4:3m", "\033[m", "\033[2J\033[H", "\033[10;20H", "\033[A\033[2B\033[3C\033[4D", "\033[K\033[1K",
	"\033[?25l\033[?25h", "\033[?1049h\033[?1049l", "\033[1;24r", "\033[r", "\0337\0338", "\033[s\033[u", "\033(0qqq\033(B", "\033[5L\033[5M\033[2P\033[2@\033[3X", "\033M\033D\033E", "\033[4h\033[4l",
	"h\303\251 \342\202\254 \360\237\231\202", "\033[5d\033[7G\033[3S\033[3T", "\016lqk\017", "\033[?7l\033[?7h",
};

static void test_nasty(void **state)
{
	(void)state;
	assert_true(ARRAY_LEN(nasty) >= 60);
	for (size_t i = 0; i < ARRAY_LEN(nasty); i++)
		for (size_t piece = 1; piece < 5; piece++) {
			struct buf out = filtered(nasty[i].in, piece, false), plain = filtered(nasty[i].in, piece, true);
			if (!slice_eq(buf_slice(&out), nasty[i].left)) {
				struct buf shown = {0};
				buf_term(&shown, nasty[i].in);
				buf_addz(&shown, " -> ");
				buf_term(&shown, buf_slice(&out));
				fail_msg("row %zu, pieces of %zu: %.*s", i, piece, SLFMT(buf_slice(&shown)));
			}
			assert_true(slice_eq(buf_slice(&plain), nasty[i].left));
			buf_free(&out);
			buf_free(&plain);
		}
}

static void test_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		for (size_t piece = 1; piece < 5; piece++) {
			struct buf out = filtered(slice_of(kept[i]), piece, false), plain = filtered(slice_of(kept[i]), piece, true);
			if (!slice_eqz(buf_slice(&out), kept[i]))
				fail_msg("row %zu, pieces of %zu", i, piece);
			assert_int_equal(slice_chr(buf_slice(&plain), '\033'), -1);
			buf_free(&out);
			buf_free(&plain);
		}
}

/* A string that never ends hides the rest only so far. */
static void test_endless(void **state)
{
	(void)state;
	struct buf in = {0};
	buf_addz(&in, "\033]0;");
	for (int i = 0; i < 5000; i++)
		buf_addc(&in, 'x');
	buf_addz(&in, "rm -rf /");
	struct buf out = filtered(buf_slice(&in), 7, false);
	assert_true(slice_ends(buf_slice(&out), SL("rm -rf /")));
	assert_true(out.n < 1000);
	buf_free(&in);
	buf_free(&out);
}

static void test_end(void **state)
{
	(void)state;
	struct cast_filter f = {0};
	struct buf out = {0};
	cast_filter_feed(&f, SL("text"), &out);
	cast_filter_end(&f, &out);
	assert_true(slice_eqz(buf_slice(&out), "text"));
	out.n = 0;
	cast_filter_feed(&f, SL("\033[?1049h\033[?25l\033(0"), &out);
	out.n = 0;
	cast_filter_end(&f, &out);
	assert_true(slice_has(buf_slice(&out), SL("\033[?25h")) && slice_has(buf_slice(&out), SL("\033[?1049l")) && slice_has(buf_slice(&out), SL("\033(B")));
	/* what the end says passes the filter itself */
	struct buf again = filtered(buf_slice(&out), 1, false);
	assert_true(slice_eq(buf_slice(&again), buf_slice(&out)));
	buf_free(&again);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_nasty), cmocka_unit_test(test_kept), cmocka_unit_test(test_endless), cmocka_unit_test(test_end)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
