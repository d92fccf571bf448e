/* test_notify_format.c - hostile text in every medium: mail headers, CEF, structured data, JSON; each read back by a reader of its own. */
#include "test_notify.h"
#include "test_json.h"

struct sample {
	struct org *org;
	struct incidents *incidents;
	struct arena mem;
	struct notify_message m;
	struct notify_channel channel;
	struct slice to[2];
	struct notify_sending s;
};

static const char *const titles[] = {HOSTILE, "short", "", "x", "\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5", "a\nSubject: b", "=?UTF-8?B?YQ==?=", "From here\n.\nFrom there", "ends in blanks   "};

static int setup(void **state)
{
	struct sample *x = xcalloc(1, sizeof *x);
	arena_init(&x->mem);
	x->org = org_new();
	x->to[0] = SL("duty@example.org");
	x->to[1] = SL("second@example.org");
	x->channel = (struct notify_channel){.name = SL("duty"), .from = SL("postern@example.org"), .to = x->to, .nto = 2};
	*state = x;
	return 0;
}

static void make(struct sample *x, const char *title, unsigned findings)
{
	incidents_free(x->incidents);
	x->incidents = story(x->org, HOSTILE, findings, LEVEL_CRITICAL, 4, slice_of(title));
	const struct notify_change change = {incidents_get(x->incidents, 0), "20261123T163000Z-12345678", true, false, false, false, "open"};
	notify_compose(&change, x->org, "0.1", CHANGE_NEW, &x->mem, &x->m);
	x->s = (struct notify_sending){"0123456789abcdef0123456789abcdef", &x->channel, &x->m, "0.1", 2, true, 5 * NS_DAY, 6 * NS_DAY};
}

static int teardown(void **state)
{
	struct sample *x = *state;
	incidents_free(x->incidents);
	org_free(x->org);
	arena_free(&x->mem);
	free(x);
	return 0;
}

/* Nothing that drives a terminal, turns text around, or is no text. */
static void fit_to_show(struct slice s)
{
	struct buf again = {0};
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\n')
			buf_addc(&again, s.p[i]);
	struct slice one = buf_slice(&again);
	struct buf safe = {0};
	buf_term(&safe, one);
	assert_true(slice_eq(buf_slice(&safe), one));
	assert_true(slice_utf8(one));
	buf_free(&again);
	buf_free(&safe);
}

/* ---- mail ------------------------------------------------------------------------------------------------------------------- */

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Quoted-printable, of text (soft breaks) or of encoded words (blanks as _). */
static void unquote(struct buf *out, struct slice s, bool word)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '_' && word) {
			buf_addc(out, ' ');
		} else if (s.p[i] != '=') {
			buf_addc(out, s.p[i]);
		} else if (i + 1 < s.n && s.p[i + 1] == '\n' && !word) {
			i++;
		} else {
			assert_true(i + 2 < s.n && digit(s.p[i + 1]) >= 0 && digit(s.p[i + 2]) >= 0);
			buf_addc(out, (char)(digit(s.p[i + 1]) * 16 + digit(s.p[i + 2])));
			i += 2;
		}
	}
}

/* The subject, decoded: encoded words on lines of their own, or plain. */
static void subject_of(struct buf *out, struct slice head)
{
	ssize_t at = slice_find(head, SL("\nSubject: "));
	assert_true(at >= 0);
	struct slice rest = slice_from(head, (size_t)at + 10), line;
	bool first = true;
	while (slice_cut(&rest, '\n', &line) && (first || line.p[0] == ' ')) {
		line = slice_trim(line);
		assert_true(line.n <= 75);
		if (!slice_starts(line, SL("=?UTF-8?Q?"))) {
			assert_true(first);
			buf_adds(out, line);
			return;
		}
		assert_true(slice_ends(line, SL("?=")));
		struct buf word = {0};
		unquote(&word, slice_make(line.p + 10, line.n - 12), true);
		assert_true(slice_utf8(buf_slice(&word))); /* whole characters only */
		buf_adds(out, buf_slice(&word));
		buf_free(&word);
		first = false;
	}
}

static void check_head(struct slice head)
{
	static const char *const names[] = {"From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "Importance", "X-Postern-Id",
		"X-Postern-Repeat", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};
	struct slice rest = head, line, name;
	unsigned seen = 0;
	while (slice_cut(&rest, '\n', &line)) {
		assert_true(line.n > 0 && line.n <= 78);
		for (size_t i = 0; i < line.n; i++)
			assert_true(line.p[i] >= ' ' && line.p[i] < 0x7f);
		if (line.p[0] == ' ')
			continue;
		assert_true(slice_cut(&line, ':', &name));
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			if (slice_eqz(name, names[i])) {
				assert_false(seen >> i & 1);
				seen |= 1u << i;
			}
	}
	assert_int_equal(seen, (1u << ARRAY_LEN(names)) - 1); /* each once, and nothing else */
	assert_int_equal(rest.n, 0);
}

static void test_mail(void **state)
{
	struct sample *x = *state;
	for (size_t t = 0; t < ARRAY_LEN(titles); t++) {
		struct buf b = {0}, subject = {0}, want = {0}, text = {0};
		make(x, titles[t], 5);
		notify_mail(&b, &x->s);
		ssize_t at = slice_find(buf_slice(&b), SL("\n\n"));
		assert_true(at > 0 && b.n <= NOTIFY_BODY_MAX);
		struct slice head = slice_to(buf_slice(&b), (size_t)at + 1), body = slice_from(buf_slice(&b), (size_t)at + 2), line, rest = body;
		check_head(head);
		subject_of(&subject, head);
		buf_addz(&want, "[Postern] CRITICAL: ");
		notify_clean(&want, x->m.title, 220);
		assert_true(slice_eq(slice_trim(buf_slice(&subject)), slice_trim(buf_slice(&want))));
		while (slice_cut(&rest, '\n', &line)) {
			assert_true(line.n <= 76 && !slice_eq(line, SL(".")) && !slice_starts(line, SL("From ")) && !slice_ends(line, SL(" ")));
			for (size_t i = 0; i < line.n; i++)
				assert_true(line.p[i] >= ' ' && line.p[i] < 0x7f);
		}
		unquote(&text, body, false);
		assert_true(slice_starts(buf_slice(&text), x->m.text));
		assert_true(slice_has(head, SL("\nMessage-ID: <0123456789abcdef0123456789abcdef@example.org>\n")) && slice_has(head, SL("\nReferences: <incident-20261123T163000Z-12345678@example.org>\n")));
		assert_true(slice_has(head, SL("\nDate: Wed, 7 Jan 1970 00:00:00 +0000\n")) && slice_has(buf_slice(&text), SL("You may have had")));
		buf_free(&b);
		buf_free(&subject);
		buf_free(&want);
		buf_free(&text);
	}
}

/* What a person on call reads. */
static void test_text(void **state)
{
	struct sample *x = *state;
	static const char *const parts[] = {"CRITICAL: ", "Why this level: ", "A new incident. Status: open.", "On: web1", "From: 203.0.113.77", "What happened:", "What to do first:\n1. Do not warn",
		"postern incident show 20261123T163000Z-12345678\n"};
	make(x, HOSTILE, 6);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (!slice_has(x->m.text, slice_of(parts[i])))
			fail_msg("no \"%s\" in %.*s", parts[i], SLFMT(x->m.text));
	const struct slice texts[] = {x->m.title, x->m.reason, x->m.text, x->m.source, x->m.user, x->m.host};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		fit_to_show(texts[i]);
	assert_true(x->m.title.n <= TITLE_MAX && x->m.text.n <= TEXT_MAX);
}

/* ---- log servers ------------------------------------------------------------------------------------------------------------ */

/* Up to the first `stop` that is not escaped, unescaped; the rest of *s behind it. */
static void until(struct slice *s, char stop, struct buf *out)
{
	size_t i = 0;
	out->n = 0;
	for (; i < s->n && s->p[i] != stop; i++) {
		if (s->p[i] == '\\')
			i++;
		assert_true(i < s->n);
		buf_addc(out, s->p[i]);
	}
	assert_true(i < s->n);
	*s = slice_from(*s, i + 1);
}

static void test_cef(void **state)
{
	struct sample *x = *state;
	for (size_t t = 0; t < ARRAY_LEN(titles); t++) {
		struct buf b = {0}, part = {0};
		make(x, titles[t], 5);
		notify_cef(&b, &x->s);
		fit_to_show(buf_slice(&b));
		assert_int_equal(slice_chr(buf_slice(&b), '\n'), -1);
		struct slice rest = buf_slice(&b);
		const struct slice want[] = {SL("CEF:0"), SL("Postern"), SL("Postern"), SL("0.1"), SL("incident"), x->m.title, SL("10")};
		for (size_t i = 0; i < ARRAY_LEN(want); i++) {
			until(&rest, '|', &part);
			assert_true(slice_eq(buf_slice(&part), want[i]));
		}
		assert_true(slice_starts(rest, SL("rt=432000000 start=")) && slice_has(rest, SL(" src=203.0.113.77 ")) && slice_has(rest, SL(" cs3Label=repeat cs3=true ")));
		unsigned equals = 0; /* one for each key: those in values are escaped */
		for (size_t i = 0; i < rest.n; i++) {
			if (rest.p[i] == '\\')
				i++;
			else
				equals += rest.p[i] == '=';
		}
		if (equals != 14)
			fail_msg("%u keys in %.*s", equals, SLFMT(rest));
		buf_free(&b);
		buf_free(&part);
	}
}

static void test_structured(void **state)
{
	struct sample *x = *state;
	for (size_t t = 0; t < ARRAY_LEN(titles); t++) {
		struct buf b = {0}, part = {0};
		make(x, titles[t], 5);
		notify_syslog(&b, &x->s, SL("gate\n.example"));
		struct slice rest = buf_slice(&b);
		assert_true(slice_starts(rest, SL("<82>1 1970-01-06T00:00:00.000Z gate_.example postern - incident [postern@32473 id=\"")));
		assert_true(b.n < 2048);
		fit_to_show(rest);
		assert_int_equal(slice_chr(rest, '\n'), -1);
		rest = slice_from(rest, (size_t)slice_chr(rest, '[') + 14);
		unsigned params = 0;
		while (rest.p[0] == ' ') {
			until(&rest, '"', &part);
			assert_true(slice_ends(buf_slice(&part), SL("=")));
			until(&rest, '"', &part);
			params++;
		}
		assert_int_equal(params, 10);
		assert_true(slice_starts(rest, SL("] \xef\xbb\xbf")));
		assert_true(slice_starts(slice_from(rest, 5), x->m.title));
		x->channel.cef = true;
		b.n = 0;
		notify_syslog(&b, &x->s, SLICE_NONE);
		assert_true(slice_starts(buf_slice(&b), SL("<82>1 1970-01-06T00:00:00.000Z - postern - incident - CEF:0|")));
		x->channel.cef = false;
		buf_free(&b);
		buf_free(&part);
	}
}

/* ---- JSON, bytes ------------------------------------------------------------------------------------------------------------ */

static void test_json(void **state)
{
	struct sample *x = *state;
	static const unsigned sizes[] = {1, 5, 300, 2500};
	for (size_t t = 0; t < ARRAY_LEN(titles); t++)
		for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
			struct buf b = {0};
			make(x, titles[t], sizes[k]);
			notify_json(&b, &x->s);
			if (!json_ok(buf_slice(&b)))
				fail_msg("%.*s", SLFMT(buf_slice(&b)));
			assert_true(b.n <= NOTIFY_BODY_MAX && slice_utf8(buf_slice(&b)) && slice_chr(buf_slice(&b), '\n') == -1);
			assert_true(slice_has(buf_slice(&b), SL("\"class_uid\":2005")) && slice_has(buf_slice(&b), SL("\"incident_uid\":\"20261123T163000Z-12345678\"")));
			assert_true(slice_has(buf_slice(&b), SL("\"repeat\":true,\"attempt\":2,")));
			buf_free(&b);
		}
}

static void test_bytes(void **state)
{
	struct sample *x = *state;
	struct buf b = {0};
	struct notify_message got;
	make(x, HOSTILE, 3);
	notify_message_save(&x->m, &b);
	assert_true(notify_message_load(buf_slice(&b), &got));
	assert_true(slice_eq(got.text, x->m.text) && slice_eq(got.data, x->m.data) && slice_eq(got.host, x->m.host) && got.level == x->m.level && got.first == x->m.first);
	for (size_t n = 0; n < b.n; n++) {
		char *copy = xmalloc(n + 1); /* so that reading beyond it is seen */
		memcpy(copy, b.p, n);
		assert_false(notify_message_load(slice_make(copy, n), &got));
		free(copy);
	}
	buf_addc(&b, 0);
	assert_false(notify_message_load(buf_slice(&b), &got));
	buf_free(&b);
}

static void test_cut(void **state)
{
	(void)state;
	struct slice s = SL("a\xc3\xa4\xf0\x9f\x94\xa5");
	static const size_t want[] = {0, 1, 1, 3, 3, 3, 3, 7, 7};
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_int_equal(notify_cut(s, i).n, want[i]);
	for (size_t most = 3; most < 40; most++) {
		struct buf b = {0};
		notify_clean(&b, slice_of(HOSTILE), most);
		assert_true(b.n <= most && slice_utf8(buf_slice(&b)));
		buf_free(&b);
	}
}

/* ---- the configuration ------------------------------------------------------------------------------------------------------ */

static void test_config(void **state)
{
	struct arena mem;
	struct notify_config c;
	struct err e = {0};
	(void)state;
	arena_init(&mem);
	static const char yaml[] = "group: 90s\nmost_per_hour: 7\nquiet_hours: [\"22:00-06:00\", {days: mon-fri, from: \"12:00\", until: \"13:00\"}]\nattempts: 3\n"
		"retry: {first: 500ms, longest: 2h}\nchannels:\n"
		"- {name: duty, mail: [duty@ics.example, b@ics.example], from: postern@ics.example, sendmail: /opt/sendmail, min_level: high}\n"
		"- {name: hook, webhook: \"https://127.0.0.1:8443/postern?x=1\", secret_file: /etc/k, ca_file: /etc/c, quiet_hours: false, most_per_hour: 500}\n"
		"- {name: siem, syslog: \"tcp:[2001:db8::1]:601\", cef: true}\n- {name: pager, command: [/usr/local/bin/page, --now]}\n";
	if (read_config(yaml, &mem, &c, &e))
		fail_msg("%d:%d %s", e.line, e.column, e.text);
	assert_true(c.group == 90 * NS_SEC && c.most_per_hour == 7 && c.nquiet == 3 && c.attempts == 3 && c.first_wait == NS_SEC / 2 && c.longest_wait == 2 * NS_HOUR);
	assert_int_equal(c.nchannels, 4);
	const struct notify_channel *v = c.channels;
	assert_true(v[0].kind == NOTIFY_MAIL && v[0].nto == 2 && slice_eq(v[0].sendmail, SL("/opt/sendmail")) && v[0].min_level == LEVEL_HIGH && v[0].quiet);
	assert_true(v[1].kind == NOTIFY_WEBHOOK && !v[1].quiet && v[1].most_per_hour == 500 && v[1].min_level == LEVEL_MEDIUM && slice_eq(v[1].ca_file, SL("/etc/c")));
	assert_true(v[2].kind == NOTIFY_SYSLOG && v[2].cef && !v[2].quiet && v[2].most_per_hour == 0);
	assert_true(v[3].kind == NOTIFY_COMMAND && v[3].nargv == 2 && v[3].most_per_hour == 7);
	assert_true(notify_channel_by_name(&c, SL("siem")) == &v[2] && !notify_channel_by_name(&c, SL("sie")));
	assert_int_equal(notify_config_read(NULL, "x", &mem, &c, &e), 0);
	assert_true(c.group == NS_MIN && c.most_per_hour == 20 && c.attempts == 12 && c.first_wait == NS_SEC && c.longest_wait == NS_HOUR && !c.nchannels && !c.nquiet);
	arena_free(&mem);
}

static void test_config_errors(void **state)
{
	static const struct { const char *yaml; int line, column; const char *says; } rows[] = {
		{"grup: 60s\n", 1, 1, "did you mean \"group\""}, {"group: soon\n", 1, 8, "a duration"}, {"most_per_hour: 0\n", 1, 16, "from 1"}, {"attempts: many\n", 1, 11, "whole number"},
		{"retry: {first: 2h, longest: 1h}\n", 1, 29, "shorter than the first"}, {"retry: {last: 1h}\n", 1, 9, "unknown key"},
		{"quiet_hours: [\"22:00\"]\n", 1, 15, "times are written"}, {"quiet_hours: [{days: mon-fri, from: \"12:00\"}]\n", 1, 15, "need from and until"},
		{"quiet_hours: [\"Mon 25:00-26:00\"]\n", 1, 15, ""}, {"channels: {name: a}\n", 1, 11, "a list"}, {"channels:\n- duty\n", 2, 3, "a channel is a map"},
		{"channels:\n- {name: a}\n", 2, 3, "needs one of"}, {"channels:\n- {command: /bin/a}\n", 2, 3, "needs a name"},
		{"channels:\n- {name: a, command: /bin/a, syslog: \"udp:[::1]:514\"}\n", 2, 3, "not two"}, {"channels:\n- {name: a, command: bin/a}\n", 2, 22, "absolute path"},
		{"channels:\n- {name: a, command: []}\n", 2, 22, "absolute path"},
		{"channels:\n- {name: a b, command: /bin/a}\n", 2, 10, "letters"}, {"channels:\n- {name: a, command: /bin/a}\n- {name: a, command: /bin/b}\n", 3, 10, "already"},
		{"channels:\n- {name: a, command: /bin/a, secret_file: /k}\n", 2, 30, "unknown key"}, {"channels:\n- {name: a, command: /bin/a, min_level: dire}\n", 2, 41, "a level"},
		{"channels:\n- {name: a, mail: duty@x.example}\n", 2, 3, "from:"}, {"channels:\n- {name: a, mail: \"-oQ/tmp@x\", from: a@b}\n", 2, 19, "mail address"},
		{"channels:\n- {name: a, mail: [\"a@b\\nBcc: c@d\"], from: a@b}\n", 2, 20, "mail address"}, {"channels:\n- {name: a, mail: a@b, from: \"A <a@b>\"}\n", 2, 30, "mail address"},
		{"channels:\n- {name: a, mail: \"a@b,c@d\", from: a@b}\n", 2, 19, "mail address"}, {"channels:\n- {name: a, mail: \"|/bin/sh@x\", from: a@b}\n", 2, 19, "mail address"},
		{"channels:\n- {name: a, mail: a@b, from: a@b, sendmail: sendmail}\n", 2, 45, "absolute path"},
		{"channels:\n- {name: a, webhook: \"ftp://a/\"}\n", 2, 22, "https://"}, {"channels:\n- {name: a, webhook: \"file:///etc/passwd\"}\n", 2, 22, "https://"},
		{"channels:\n- {name: a, webhook: \"https://a/\\r\\nX: y\"}\n", 2, 22, "https://"}, {"channels:\n- {name: a, webhook: \"https://\"}\n", 2, 22, "https://"},
		{"channels:\n- {name: a, syslog: \"127.0.0.1:514\"}\n", 2, 21, "udp:"}, {"channels:\n- {name: a, syslog: \"udp:127.0.0.1:0\"}\n", 2, 21, "udp:"},
		{"channels:\n- {name: a, syslog: \"unix:log\"}\n", 2, 21, "udp:"}, {"channels:\n- {name: a, syslog: \"udp:a:b\"}\n", 2, 21, "udp:"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena mem;
		struct notify_config c;
		struct err e = {0};
		arena_init(&mem);
		int rc = read_config(rows[i].yaml, &mem, &c, &e);
		if (!rc || e.line != rows[i].line || e.column != rows[i].column || !strstr(e.text, rows[i].says) || strcmp(e.where, "postern.yaml") != 0)
			fail_msg("row %zu (%s): %d, %s:%d:%d: %s", i, rows[i].yaml, rc, e.where, e.line, e.column, e.text);
		arena_free(&mem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mail, setup, teardown), cmocka_unit_test_setup_teardown(test_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cef, setup, teardown), cmocka_unit_test_setup_teardown(test_structured, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, teardown), cmocka_unit_test_setup_teardown(test_bytes, setup, teardown), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_config), cmocka_unit_test(test_config_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
