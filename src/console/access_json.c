/* access_json.c - grants and sessions for programs. */
#include "console/pages_access.h"

#include <stdio.h>

static void member(struct buf *b, const char *name, struct slice value)
{
	buf_addf(b, ",\"%s\":", name);
	buf_json(b, value);
}

void access_json_time(struct buf *b, const char *name, nstime t)
{
	char text[40];
	if (t == NSTIME_NONE)
		buf_addf(b, ",\"%s\":null", name);
	else
		buf_addf(b, ",\"%s\":\"%s\"", name, time_rfc3339(t, text));
}

static void list(struct buf *b, const char *name, const struct slice *v, size_t n)
{
	buf_addf(b, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		buf_addz(b, i ? "," : "");
		buf_json(b, v[i]);
	}
	H(b, "]");
}

static void hours(struct buf *b, const struct gate_grant *x)
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	H(b, ",\"hours\":[");
	for (size_t i = 0; i < x->nwindows; i++) {
		const struct gate_window *w = &x->windows[i];
		bool first = true;
		buf_addz(b, i ? ",{\"days\":[" : "{\"days\":[");
		for (unsigned d = 0; d < 7; d++)
			if (w->days >> d & 1) {
				buf_addf(b, "%s\"%s\"", first ? "" : ",", days[d]);
				first = false;
			}
		buf_addf(b, "],\"from\":\"%02u:%02u\",\"until\":\"%02u:%02u\"}", w->from / 60u, w->from % 60u, w->until / 60u, w->until % 60u);
	}
	H(b, "]");
}

void access_json_grant(const struct request *q, struct buf *b, const struct access_gate *g, const struct gate_grant *x)
{
	static const char *const states[STANDING_COUNT] = {"requested", "changed", "approved", "open", "ended", "lapsed", "refused", "revoked"};
	static const struct { unsigned bit; const char *name; } may[] = {{MAY_SHELL, "shell"}, {MAY_COMMANDS, "commands"}, {MAY_SFTP, "sftp"}, {MAY_FORWARD, "forwarding"}};
	const struct { const char *name; struct slice value; } texts[] = {{"person", x->person}, {"provider", access_grant_provider(g, x)}, {"account", x->account},
		{"zone", x->zone}, {"requester", x->requester}, {"approver", x->approver}, {"purpose", x->purpose}, {"ticket", x->ticket}, {"reason", x->reason}, {"extension_by", x->wanter}};
	char text[64];
	bool first = true;
	H(b, "{\"id\":");
	buf_json(b, x->id);
	buf_addf(b, ",\"state\":\"%s\",\"waits\":%s,\"version\":%lld,\"everybody\":%s", states[access_standing(x, q->now)], access_waits(x, q->now) ? "true" : "false", (long long)x->version,
		x->person.n ? "false" : "true");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		member(b, texts[i].name, texts[i].value);
	access_json_time(b, "from", x->from);
	access_json_time(b, "until", x->until);
	access_json_time(b, "requested", x->created);
	access_json_time(b, "decided", x->decided);
	access_json_time(b, "extension_until", x->wanted);
	list(b, "hosts", x->hosts, x->nhosts);
	list(b, "commands", x->commands, x->ncommands);
	H(b, ",\"networks\":[");
	for (size_t i = 0; i < x->nsources; i++) {
		access_source_text(&x->sources[i], text, sizeof text);
		buf_addf(b, "%s\"%s\"", i ? "," : "", text);
	}
	H(b, "]");
	hours(b, x);
	H(b, ",\"may\":[");
	for (size_t i = 0; i < ARRAY_LEN(may); i++)
		if (x->may & may[i].bit) {
			buf_addf(b, "%s\"%s\"", first ? "" : ",", may[i].name);
			first = false;
		}
	buf_addf(b, "],\"factor\":%s,\"record\":%s,\"emergency\":%s}", x->factor ? "true" : "false", x->record ? "true" : "false", x->emergency ? "true" : "false");
}

void access_json_words(struct buf *b, const struct access_gate *g)
{
	H(b, ",\"history\":[");
	for (size_t i = 0; i < g->nwords; i++) {
		const struct gate_word *w = &g->words[i];
		buf_addf(b, "%s{\"version\":%lld", i ? "," : "", (long long)w->version);
		access_json_time(b, "time", w->time);
		member(b, "who", w->who);
		member(b, "what", w->what);
		member(b, "reason", w->reason);
		H(b, "}");
	}
	H(b, "]");
}

void access_json_session(struct buf *b, const struct session *s)
{
	static const char *const kinds[] = {[KIND_SHELL] = "shell", [KIND_COMMAND] = "command", [KIND_SFTP] = "sftp", [KIND_FORWARD] = "forward"};
	const struct { const char *name; struct slice value; } texts[] = {{"person", s->person}, {"provider", s->provider}, {"account", s->account}, {"host", s->host},
		{"grant", s->grant}, {"source", s->source}, {"command", s->command}, {"sha256", s->sha256}, {"ended_by", s->why}, {"end_asked_by", s->wanter}, {"end_reason", s->reason}};
	H(b, "{\"id\":");
	buf_json(b, s->id);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		member(b, texts[i].name, texts[i].value);
	member(b, "kind", slice_of((size_t)s->kind < ARRAY_LEN(kinds) && kinds[s->kind] ? kinds[s->kind] : "?"));
	access_json_time(b, "began", s->begin);
	access_json_time(b, "ended", s->end);
	buf_addf(b, ",\"terminal\":%s,\"output\":%llu,\"input\":%llu,\"status\":", s->terminal ? "true" : "false", (unsigned long long)s->output, (unsigned long long)s->input);
	if (s->exited)
		buf_addf(b, "%d}", s->status);
	else
		H(b, "null}");
}
