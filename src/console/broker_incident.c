/* broker_incident.c - what people decide about incidents: room incident does it, with its records in the audit log; the actor is who is logged in. */
#include "console/broker.h"
#include "incident/incident.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>

static struct chain *audit_of(void *arg, struct err *e)
{
	struct broker *b = arg;
	if (!b->audit)
		err_set(e, ERR_IO, "there is no audit log");
	return b->audit;
}

/* Opened for one decision: they are rare, and a connection that lies open would keep the file from being tidied. */
static int begin(struct broker *b, const struct broker_who *who, struct incident_hand *h, struct err *e)
{
	char path[4200];
	snprintf(path, sizeof path, "%s/postern.db", b->o->state);
	*h = (struct incident_hand){store_open_owned(path, STORE_WRITE, e), audit_of, b, slice_of(who->name), b->now};
	return h->store ? 0 : e->code;
}

int broker_incident_close(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct incident_hand h;
	struct incident_closing c = {.harmless = q->number == INCIDENT_FALSE, .reason = slice_trim(slice_of(q->text)), .until = incident_suppressed_until(b->now)};
	(void)fd;
	if (q->number != INCIDENT_CLOSED && q->number != INCIDENT_FALSE)
		return err_set(e, ERR_RANGE, "an incident is closed as dealt with or as a false positive");
	int rc = begin(b, who, &h, e);
	if (!rc) {
		rc = incident_close(&h, q->id, &c, e);
		a->number = (int64_t)c.taught.n;
		incident_closing_free(&c);
	}
	store_close(h.store);
	return rc;
}

int broker_incident_reopen(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct incident_hand h;
	char id[40];
	size_t revoked = 0;
	(void)fd;
	int rc = begin(b, who, &h, e);
	if (!rc)
		rc = incident_reopen(&h, q->id, id, &revoked, e);
	a->number = (int64_t)revoked;
	store_close(h.store);
	return rc;
}

int broker_incident_note(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct incident_hand h;
	char id[40];
	(void)a;
	(void)fd;
	int rc = begin(b, who, &h, e);
	if (!rc)
		rc = incident_note(&h, q->id, slice_trim(slice_of(q->text)), id, e);
	store_close(h.store);
	return rc;
}

/* ---- what goes out ---------------------------------------------------------------------------------------------------------------------- */

struct ids {
	struct arena mem;
	struct { struct slice *v; size_t n, cap; } list;
};

static int take_id(void *arg, const char *id)
{
	struct ids *x = arg;
	for (size_t i = 0; i < x->list.n; i++)
		if (slice_eqz(x->list.v[i], id))
			return 0;
	*vec_push(&x->list) = slice_dup(&x->mem, slice_of(id));
	return 0;
}

int broker_incident_audit(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	struct incident_hand h;
	struct store_incident row;
	struct ids ids = {0};
	struct buf lines = {0}, head = {0}, out = {0};
	(void)a;
	arena_init(&ids.mem);
	int rc = begin(b, who, &h, e);
	if (!rc)
		rc = store_incident_get(h.store, q->id, &ids.mem, &row, e);
	if (!rc)
		take_id(&ids, row.id);
	for (size_t i = 0; i < ids.list.n && !rc; i++)
		rc = store_incident_joined(h.store, ids.list.v[i].p, take_id, &ids, e);
	if (!rc) {
		report_audit(b->o->state, ids.list.v, ids.list.n, &lines, &head);
		buf_sized(&out, buf_slice(&lines));
		buf_sized(&out, buf_slice(&head));
		rc = broker_bytes(&out, fd, e);
	}
	store_close(h.store);
	buf_free(&lines);
	buf_free(&head);
	buf_free(&out);
	arena_free(&ids.mem);
	free(ids.list.v);
	return rc;
}

int broker_incident_exported(struct broker *b, const struct broker_ask *q, const struct broker_who *who, struct broker_answer *a, int *fd, struct err *e)
{
	char detail[256];
	(void)a;
	(void)fd;
	if (strlen(q->text) != 2 * CHAIN_HASH || strspn(q->text, "0123456789abcdef") != 2 * CHAIN_HASH || q->number < 0)
		return err_set(e, ERR_RANGE, "this is no SHA-256");
	snprintf(detail, sizeof detail, "sha256 %.64s, %lld bytes, to the console", q->text, (long long)q->number);
	struct chain *log = audit_of(b, e);
	const struct chain_record r = {b->now, slice_of(who->name), SL("incident-exported"), slice_of(q->id), SL("success"), slice_of(detail)};
	return log ? chain_append(log, &r, e) : e->code;
}
