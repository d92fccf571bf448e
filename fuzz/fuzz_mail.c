/* fuzz_mail.c - messages and mailboxes: whatever they hold, what is told of them is well-formed and the same twice. */
#include "fuzz_lure.h"

#include "mail/mail.h"

static struct mail *mail;
static struct org *org;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] = "organisation:\n  name: X\n  domains: [kueste.example]\n  partners: [werft.example]\nstaff:\n  - name: Anna Petersen\n    mail: a@kueste.example\n    roles: [security-manager]\n";
	static const char *const trusted[] = {"mx.kueste.example", NULL};
	struct err e;
	(void)argc;
	(void)argv;
	mail_prepare();
	org = org_parse(slice_of(text), "fuzz", &e);
	mail = org ? mail_new(&(struct mail_options){.org = org, .trusted = trusted, .trust_unnamed = true}) : NULL;
	if (!mail)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e;
	struct lure *l = fuzz_lure_new();
	lure_parse_with(l, LT_EML, mail_inspect, mail);
	lure_parse_with(l, LT_MBOX, mail_box, mail);
	lure_inspect(l, SL("a.eml"), slice_make((const char *)data, n), &e);
	if (n && data[0] != 'F') { /* also what does not look like one */
		uint32_t id = lure_add_given(l, SL("b.eml"), SLICE_NONE, LT_EML);
		mail_inspect(mail, l, id, slice_make((const char *)data, n));
	}
	fuzz_lure_check(l);
	lure_free(l);
	return 0;
}
