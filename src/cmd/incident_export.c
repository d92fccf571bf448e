/* incident_export.c - postern incident export: everything about an incident for somebody else, in one tar that can be checked. */
#include "cmd/incidents.h"
#include "chain/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* First the record, then the file: nothing leaves that the audit log does not know of. */
static int hand_out(struct state *s, const struct stored *x, const char *file, struct slice tar)
{
	char hex[2 * CHAIN_HASH + 1], detail[4400];
	chain_sha256(tar, hex);
	snprintf(detail, sizeof detail, "sha256 %s, %zu bytes, to %s", hex, tar.n, file);
	if (!state_record(s, "incident-exported", x->row.id, slice_of(detail)))
		return EXIT_INPUT;
	if (!write_out(file, tar)) {
		state_record_failure(s, "incident-exported", x->row.id, slice_of(detail));
		return EXIT_INPUT;
	}
	fprintf(strcmp(file, "-") == 0 ? stderr : stdout, "Incident %s: %zu findings, %zu bytes, SHA-256 %s\n", x->row.id, incidents_findings(x->in), tar.n, hex);
	return 0;
}

static int make_bundle(struct state *s, const struct stored *x, struct buf *tar, struct err *e)
{
	size_t n = x->life.njoined;
	struct buf lines = {0}, head = {0};
	struct slice *ids = xcalloc(n + 1, sizeof *ids);
	ids[n] = slice_of(x->row.id);
	for (size_t i = 0; i < n; i++)
		ids[i] = x->life.joined[i];
	report_audit(s->folder, ids, n + 1, &lines, &head);
	int rc = stored_bundle(x, buf_slice(&lines), buf_slice(&head), tar, e);
	free(ids);
	buf_free(&lines);
	buf_free(&head);
	return rc;
}

int incidents_export(struct state *s, const struct args *a, const struct org *org)
{
	struct stored x;
	struct err e;
	struct stat st;
	struct buf tar = {0};
	const char *file = args_get(a, "output");
	if (!file || (strcmp(file, "-") && stat(file, &st) == 0 && S_ISREG(st.st_mode))) {
		complain(file ? "%s is there already: evidence is not overwritten" : "incident export: --output FILE says where to%s", file ? file : "");
		return EXIT_USAGE;
	}
	int rc = incidents_load(&x, s, a, org);
	if (!rc)
		rc = make_bundle(s, &x, &tar, &e) ? state_failed(s, &e) : hand_out(s, &x, file, buf_slice(&tar));
	buf_free(&tar);
	stored_free(&x);
	return rc;
}
