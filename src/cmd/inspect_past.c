/* inspect_past.c - messages of a run, kept until all are there, then judged against the history in the order of their dates. */
#include "cmd/inspect_past.h"
#include "cmd/setup.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { A_COMMIT = 1000 /* messages */ };

struct met { size_t file, place; uint32_t object; struct contact_mail mail; struct contact_signs *signs; };
struct inspect_past {
	struct contacts *contacts;
	const struct org *org;
	nstime now;
	struct arena mem;
	pthread_mutex_t lock;
	struct { struct met *v; size_t n, cap; } met;
};

struct inspect_past *inspect_past_open(const struct args *a, const struct org *org, struct err *e)
{
	char path[4096];
	struct timespec t;
	struct inspect_past *p = xcalloc(1, sizeof *p);
	arena_init(&p->mem);
	pthread_mutex_init(&p->lock, NULL);
	clock_gettime(CLOCK_REALTIME, &t);
	p->org = org;
	p->now = (nstime)t.tv_sec * NS_SEC + t.tv_nsec;
	if (!state_file(a, "contacts.db", path, sizeof path))
		err_set(e, ERR_USAGE, "no history without a folder for it");
	else
		p->contacts = contacts_open(path, p->now, e);
	if (p->contacts)
		return p;
	inspect_past_free(p);
	return NULL;
}

void inspect_past_free(struct inspect_past *p)
{
	if (!p)
		return;
	contacts_close(p->contacts);
	arena_free(&p->mem);
	free(p->met.v);
	free(p);
}

/* l is emptied for the next file. */
static void keep_texts(struct arena *mem, struct contact_mail *m)
{
	struct slice *one[] = {&m->id, &m->from, &m->site, &m->name, &m->person, &m->program};
	const struct { struct slice *v; size_t n; } lists[] = {{m->to, m->nto}, {m->sites, m->nsites}, {m->kinds, m->nkinds}, {m->asks, m->nasks}};
	for (size_t i = 0; i < ARRAY_LEN(one); i++)
		*one[i] = slice_dup(mem, *one[i]);
	for (size_t k = 0; k < ARRAY_LEN(lists); k++)
		for (size_t i = 0; i < lists[k].n; i++)
			lists[k].v[i] = slice_dup(mem, lists[k].v[i]);
}

void inspect_past_add(struct inspect_past *p, size_t file, const struct lure *l)
{
	struct arena mem;
	struct mail_past *v;
	arena_init(&mem);
	size_t n = mail_history_read(l, p->org, p->now, &mem, &v);
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < n; i++) {
		struct met *m = vec_push(&p->met);
		*m = (struct met){.file = file, .place = i, .object = v[i].object, .mail = v[i].mail};
		keep_texts(&p->mem, &m->mail);
	}
	pthread_mutex_unlock(&p->lock);
	arena_free(&mem);
}

static int by_date(const void *a, const void *b)
{
	const struct met *x = a, *y = b;
	if (x->mail.date != y->mail.date)
		return x->mail.date < y->mail.date ? -1 : 1;
	return x->file != y->file ? (x->file < y->file ? -1 : 1) : (x->place > y->place) - (x->place < y->place);
}

static int by_file(const void *a, const void *b)
{
	const struct met *x = a, *y = b;
	return x->file != y->file ? (x->file < y->file ? -1 : 1) : (x->place > y->place) - (x->place < y->place);
}

int inspect_past_judge(struct inspect_past *p, struct err *e)
{
	int rc = 0;
	if (p->met.n)
		qsort(p->met.v, p->met.n, sizeof *p->met.v, by_date);
	for (size_t i = 0; i < p->met.n && !rc; i++) {
		struct contact_signs s;
		if (i % A_COMMIT == 0)
			rc = contacts_begin(p->contacts, e);
		if (!rc)
			rc = contacts_meet(p->contacts, &p->met.v[i].mail, &s, e);
		if (!rc && s.signs) {
			p->met.v[i].signs = arena_alloc(&p->mem, sizeof s);
			*p->met.v[i].signs = s;
		}
		if (!rc && (i % A_COMMIT == A_COMMIT - 1 || i + 1 == p->met.n))
			rc = contacts_end(p->contacts, e);
	}
	if (p->met.n)
		qsort(p->met.v, p->met.n, sizeof *p->met.v, by_file);
	return rc;
}

void inspect_past_tell(const struct inspect_past *p, size_t file, struct lure *l)
{
	size_t low = 0, high = p->met.n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (p->met.v[mid].file < file)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < p->met.n && p->met.v[low].file == file; low++)
		if (p->met.v[low].signs)
			mail_history_tell(l, p->met.v[low].object, p->met.v[low].signs);
}
