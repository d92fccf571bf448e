/* test_lesson_book.c - the book of learners: when questions come back, what is due, what a team may know. */
#include "lesson/book_private.h"
#include "lesson/lesson_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Monday, 2026-06-01. */
#define START ((nstime)1780272000 * NS_SEC)

struct place { char folder[64], path[96]; struct lesson_book *b; struct err e; struct arena mem; };

static const struct lesson_question questions[] = {{.id = {"q1", 2}}, {.id = {"q2", 2}}};
static const struct lesson_part parts[] = {{.id = {"story", 5}, .kind = PART_READ}, {.id = {"talk", 4}, .kind = PART_CONVERSATION}, {.id = {"look", 4}, .kind = PART_SPOT},
	{.id = {"q1", 2}, .kind = PART_QUESTION, .question = &questions[0]}};
static const struct lesson unit = {.id = {"side-door", 9}, .parts = parts, .nparts = ARRAY_LEN(parts), .questions = questions, .nquestions = ARRAY_LEN(questions)};

static int set_up(void **state)
{
	struct place *p = xcalloc(1, sizeof *p);
	snprintf(p->folder, sizeof p->folder, "/tmp/postern-lesson-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof p->path, "%s/lessons.db", p->folder);
	p->b = lesson_book_open(p->path, true, &p->e);
	assert_non_null(p->b);
	arena_init(&p->mem);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const ends[] = {"", "-journal", "-wal", "-shm"};
	struct place *p = *state;
	char name[128];
	lesson_book_close(p->b);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		snprintf(name, sizeof name, "%s%s", p->path, ends[i]);
		unlink(name);
	}
	rmdir(p->folder);
	arena_free(&p->mem);
	free(p);
	return 0;
}

static void put(struct place *p, const char *user, const char *team, const char *roles)
{
	struct lesson_learner l = {.user = slice_of(user), .shown = slice_of(user), .team = slice_of(team), .roles = slice_of(roles), .seen = NSTIME_NONE};
	assert_int_equal(lesson_learner_put(p->b, &l, &p->e), 0);
}

static void practise(struct place *p, bool right, nstime now)
{
	assert_int_equal(lesson_practised(p->b, &unit, &questions[0], SL("ann"), right, now, &p->e), 0);
}

static int days(struct place *p, nstime now)
{
	int d;
	assert_int_equal(lesson_comes_back(p->b, unit.id, questions[0].id, SL("ann"), now, &d, &p->e), 0);
	return d;
}

static void test_repeats(void **state)
{
	static const int expected[] = {2, 7, 30, 90, 90};
	struct place *p = *state;
	nstime now = START;
	assert_int_equal(days(p, now), -1);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		practise(p, true, now);
		assert_int_equal(days(p, now), expected[i]);
		practise(p, true, now + NS_HOUR); /* too early to tell anything */
		assert_int_equal(days(p, now), expected[i]);
		now += expected[i] * NS_DAY;
		assert_int_equal(days(p, now), 0);
	}
	practise(p, false, now);
	assert_int_equal(days(p, now), 2);
	now += 2 * NS_DAY;
	practise(p, true, now);
	assert_int_equal(days(p, now), 7);
	practise(p, false, now + NS_DAY); /* wrong counts, whenever */
	assert_int_equal(days(p, now + NS_DAY), 2);
}

/* Of the book's unit and one for administrators: what is asked, in order. */
static void test_due(void **state)
{
	static struct slice admins[] = {{"administrator", 13}};
	struct place *p = *state;
	struct lesson other = {.id = SL("other"), .audience = admins, .naudience = 1, .questions = questions, .nquestions = 2}, all[] = {unit, other};
	struct lessons l = {.units = {all, 2, 2}};
	struct lesson_learner ann = {.user = SL("ann")};
	struct lesson_repeat due[4];
	assert_int_equal(lesson_due(p->b, &l, &ann, START, due, 4, &p->e), 1); /* the weekly one; nothing of the administrators' */
	assert_true(due[0].weekly && due[0].unit == &all[0] && due[0].question == &questions[0]);
	practise(p, true, START);
	assert_int_equal(lesson_due(p->b, &l, &ann, START + NS_DAY, due, 4, &p->e), 0); /* one a week */
	assert_int_equal(lesson_practised(p->b, &unit, &questions[1], SL("ann"), true, START + NS_HOUR, &p->e), 0);
	assert_int_equal(lesson_due(p->b, &l, &ann, START + 3 * NS_DAY, due, 4, &p->e), 2);
	assert_true(!due[0].weekly && due[0].question == &questions[0] && due[1].question == &questions[1]);
	assert_int_equal(lesson_due(p->b, &l, &ann, START + 3 * NS_DAY, due, 1, &p->e), 1);
	practise(p, true, START + 3 * NS_DAY);
	assert_int_equal(lesson_practised(p->b, &unit, &questions[1], SL("ann"), true, START + 3 * NS_DAY, &p->e), 0);
	assert_int_equal(lesson_due(p->b, &l, &ann, START + 6 * NS_DAY + 23 * NS_HOUR, due, 4, &p->e), 0); /* still that week */
	assert_int_equal(lesson_due(p->b, &l, &ann, START + 7 * NS_DAY, due, 4, &p->e), 1);
	assert_true(due[0].weekly && due[0].question == &questions[0]); /* answered longest ago */
	ann.roles = SL("engineer administrator");
	assert_int_equal(lesson_due(p->b, &l, &ann, START + 7 * NS_DAY, due, 4, &p->e), 1);
	assert_true(due[0].unit == &all[1]); /* never answered goes first */
	struct lessons none = {0};
	assert_int_equal(lesson_due(p->b, &none, &ann, START + 30 * NS_DAY, due, 4, &p->e), 0); /* units that are gone ask nothing */
}

/* All or none. */
static void test_put_all(void **state)
{
	struct place *p = *state;
	const struct lesson_learner v[] = {{.user = SL("ann"), .seen = NSTIME_NONE}, {.user = SL("No Name"), .seen = NSTIME_NONE}};
	struct lesson_learner l;
	size_t wrong;
	assert_int_equal(lesson_learners_put(p->b, v, 2, &wrong, &p->e), ERR_RANGE);
	assert_int_equal(wrong, 1);
	assert_int_equal(lesson_learner_get(p->b, SL("ann"), &p->mem, &l, &p->e), ERR_NOENT);
	assert_int_equal(lesson_learners_put(p->b, v, 1, &wrong, &p->e), 0);
	assert_int_equal(lesson_learner_get(p->b, SL("ann"), &p->mem, &l, &p->e), 0);
}

/* The whole unit, with results a careful reader would have. */
static bool finish(struct place *p, const char *user, nstime now)
{
	static const struct lesson_result talk = {.stop = 1, .flags = 1, .flags_all = 2, .reported = true, .sound = true}, look = {.hits = 2, .quiet = 1}, answer = {.right = true};
	const struct lesson_result *const results[] = {NULL, &talk, &look, &answer};
	bool finished = false;
	for (size_t i = 0; i < ARRAY_LEN(results); i++) {
		assert_false(finished);
		assert_int_equal(lesson_done(p->b, &unit, i, slice_of(user), results[i], now, &finished, &p->e), 0);
	}
	return finished;
}

static struct lesson_progress look(struct place *p, const char *user, nstime now)
{
	struct lesson_progress x;
	assert_int_equal(lesson_progress(p->b, &unit, slice_of(user), now, &x, &p->e), 0);
	return x;
}

static void test_completion(void **state)
{
	struct place *p = *state;
	struct lesson_certificate c;
	bool finished;
	put(p, "ann", "", "");
	assert_int_equal(lesson_done(p->b, &unit, 0, SL("ann"), NULL, START, &finished, &p->e), 0);
	assert_int_equal(look(p, "ann", START).ndone, 1);
	assert_int_equal(lesson_done(p->b, &unit, 1, SL("ann"), NULL, START, &finished, &p->e), ERR_RANGE); /* a conversation is not read */
	assert_int_equal(lesson_done(p->b, &unit, 4, SL("ann"), NULL, START, &finished, &p->e), ERR_RANGE);
	assert_true(finish(p, "ann", START));
	struct lesson_progress x = look(p, "ann", START);
	assert_int_equal(x.ndone, 4);
	assert_true(x.completed == START);
	assert_int_equal(strlen(x.certificate.id), 26);
	assert_int_equal(lesson_certificate(p->b, slice_of(x.certificate.id), &p->mem, &c, &p->e), 0);
	assert_true(slice_eqz(c.user, "ann") && slice_eqz(c.unit, "side-door"));
	assert_true(c.until == (nstime)1811808000 * NS_SEC); /* 2027-06-01 */
	assert_int_equal(lesson_certificate(p->b, SL("PL-00000-00000-00000-00000"), &p->mem, &c, &p->e), ERR_NOENT);
	assert_int_equal(lesson_done(p->b, &unit, 0, SL("ann"), NULL, START, &finished, &p->e), 0);
	assert_false(finished); /* no second certificate */
}

static void test_runs_out(void **state)
{
	struct place *p = *state;
	nstime end = lesson_months_after(START, 12);
	put(p, "ann", "", "");
	assert_true(finish(p, "ann", START));
	assert_false(look(p, "ann", end - 1).lapsed);
	struct lesson_progress x = look(p, "ann", end);
	assert_true(x.lapsed && x.completed == NSTIME_NONE && x.ndone == 0 && !x.certificate.id[0]);
	assert_true(finish(p, "ann", end + NS_DAY));
	assert_true(look(p, "ann", end + NS_DAY).completed == end + NS_DAY);
}

/* Two exercises, from four months on, and again from eight. */
static void test_refresh(void **state)
{
	struct place *p = *state;
	put(p, "ann", "", "");
	assert_true(finish(p, "ann", START));
	nstime first = lesson_months_after(START, 4), second = lesson_months_after(START, 8);
	practise(p, true, first - 1);
	practise(p, true, first - 1);
	assert_true(look(p, "ann", first).certificate.refresh_done[0] == NSTIME_NONE);
	practise(p, true, first);
	assert_true(look(p, "ann", first).certificate.refresh_done[0] == NSTIME_NONE);
	practise(p, false, first + 1);
	assert_true(look(p, "ann", first + 1).certificate.refresh_done[0] == first + 1);
	practise(p, true, first + 2);
	practise(p, true, first + 2);
	assert_true(look(p, "ann", second).certificate.refresh_done[1] == NSTIME_NONE);
	practise(p, true, second);
	practise(p, true, second);
	assert_true(look(p, "ann", second).certificate.refresh_done[1] == second);
}

static void assign(struct place *p, enum lesson_for kind, const char *target, nstime due)
{
	struct lesson_assignment a = {unit.id, kind, slice_of(target), due, START, SL("boss")};
	assert_int_equal(lesson_assign(p->b, &a, &p->e), 0);
}

static void test_assignments(void **state)
{
	struct place *p = *state;
	put(p, "ann", "lab", "engineer patch-operator");
	put(p, "bob", "office", "patch");
	assert_true(look(p, "ann", START).due == NSTIME_NONE);
	assign(p, FOR_ROLE, "patch", START + 9 * NS_DAY);
	assert_true(look(p, "ann", START).due == NSTIME_NONE); /* patch is no part of a word */
	assert_true(look(p, "bob", START).due == START + 9 * NS_DAY);
	assign(p, FOR_TEAM, "lab", START + 5 * NS_DAY);
	assign(p, FOR_ALL, "", START + 7 * NS_DAY);
	assert_true(look(p, "ann", START).due == START + 5 * NS_DAY); /* the earliest */
	assert_true(look(p, "bob", START).due == START + 7 * NS_DAY);
	assign(p, FOR_TEAM, "lab", START + 8 * NS_DAY); /* moved */
	assert_true(look(p, "ann", START).due == START + 7 * NS_DAY);
	assert_true(finish(p, "ann", START));
	assert_true(look(p, "ann", START).due == NSTIME_NONE);
	assert_true(look(p, "ann", lesson_months_after(START, 12)).due != NSTIME_NONE); /* run out: due again */
	struct lesson_assignment a = {.unit = unit.id, .kind = FOR_ALL};
	assert_int_equal(lesson_unassign(p->b, &a, &p->e), 0);
	assert_int_equal(lesson_unassign(p->b, &a, &p->e), ERR_NOENT);
	assert_true(look(p, "bob", START).due == START + 9 * NS_DAY);
	a.target = SL("nobody");
	assert_int_equal(lesson_assign(p->b, &a, &p->e), ERR_RANGE);
}

/* ---- teams -------------------------------------------------------------------------------------------------------------------------------------------- */

struct seen { struct lesson_team v[8]; char names[8][32]; size_t n; };

static int take_team(void *arg, const struct lesson_team *t)
{
	struct seen *s = arg;
	assert_true(s->n < ARRAY_LEN(s->v));
	snprintf(s->names[s->n], sizeof s->names[0], "%.*s", SLFMT(t->name));
	s->v[s->n++] = *t;
	return 0;
}

static void people(struct place *p, const char *team, int n, int finish_n)
{
	for (int i = 0; i < n; i++) {
		char user[32];
		snprintf(user, sizeof user, "%s%d", team, i);
		put(p, user, team, "");
		if (i < finish_n)
			assert_true(finish(p, user, START));
	}
}

static void test_teams(void **state)
{
	struct place *p = *state;
	struct seen s = {0};
	assign(p, FOR_ALL, "", START + 7 * NS_DAY);
	people(p, "big", 8, 8);
	people(p, "half", 9, 7);
	people(p, "small", 7, 7);
	assert_int_equal(lesson_teams(p->b, START + 8 * NS_DAY, take_team, &s, &p->e), 0);
	assert_int_equal(s.n, 4);
	const struct lesson_team *big = &s.v[0], *half = &s.v[1], *small = &s.v[2], *all = &s.v[3];
	assert_string_equal(s.names[2], "small");
	assert_true(big->shown && big->talk_shown && big->spot_shown && big->answer_shown);
	assert_int_equal(big->assigned, 8);
	assert_int_equal(big->done, 8);
	assert_int_equal(big->stop[1], 8);
	assert_int_equal(big->reported, 8);
	assert_true(half->shown && !half->talk_shown); /* nine people, but the results of seven */
	assert_int_equal(half->overdue, 2);
	assert_int_equal(half->talks + half->stop[1] + half->hits + half->answers, 0);
	assert_false(small->shown);
	assert_int_equal(small->people, 7);
	assert_int_equal(small->assigned + small->done + small->talks, 0);
	assert_true(all->all);
	assert_false(all->shown); /* the sum would tell the small team */
	people(p, "tiny", 1, 0);
	s.n = 0;
	assert_int_equal(lesson_teams(p->b, START + 8 * NS_DAY, take_team, &s, &p->e), 0);
	assert_true(s.v[4].all && s.v[4].shown);     /* eight people are hidden now */
	assert_int_equal(s.v[4].people, 25);
	assert_true(s.v[4].talk_shown);              /* fourteen of them took part */
	assert_int_equal(s.v[4].talks, 22);
}

/* What one person of a large team was given, and did not do, is that person's. */
static void test_one_assigned(void **state)
{
	struct place *p = *state;
	struct seen s = {0};
	struct buf json = {0};
	people(p, "big", 9, 0);
	assign(p, FOR_USER, "big3", START + 7 * NS_DAY);
	assert_int_equal(lesson_teams(p->b, START + 8 * NS_DAY, take_team, &s, &p->e), 0);
	assert_true(s.v[0].shown && !s.v[0].assigned_shown && !s.v[1].assigned_shown);
	assert_int_equal(s.v[0].assigned + s.v[0].done + s.v[0].overdue, 0);
	assert_int_equal(s.v[1].assigned + s.v[1].done + s.v[1].overdue, 0);
	s.v[0].name = SLICE_NONE; /* it was lent */
	lesson_team_json(&s.v[0], &json);
	assert_false(slice_has(buf_slice(&json), SL("overdue")));
	buf_free(&json);
}

/* d' of known cases (Macmillan and Creelman's correction): symmetric, zero at chance. */
static void test_sensitivity(void **state)
{
	double d, c;
	(void)state;
	lesson_sensitivity(5, 5, 5, 5, &d, &c);
	assert_true(fabs(d) < 1e-9 && fabs(c) < 1e-9);
	lesson_sensitivity(10, 0, 0, 10, &d, &c); /* 10.5/11: z 1.6906 */
	assert_true(fabs(d - 3.3812) < 0.001 && fabs(c) < 1e-9);
	lesson_sensitivity(10, 0, 10, 0, &d, &c); /* marks everything: no better than chance, and biased */
	assert_true(fabs(d) < 1e-9 && c < -1.6);
	lesson_sensitivity(3, 0, 0, 0, &d, &c);   /* nothing was sound: it cannot be told */
	assert_true(d == 0 && c == 0);
}

static void test_first_tries(void **state)
{
	struct place *p = *state;
	const struct lesson_result bad = {.stop = 5}, refused = {.benign = true}, good = {.stop = 1, .reported = true, .sound = true};
	struct seen s = {0};
	bool finished;
	for (int i = 0; i < TEAM_LEAST; i++) {
		char user[16];
		snprintf(user, sizeof user, "u%d", i);
		put(p, user, "t", "");
		assert_int_equal(lesson_done(p->b, &unit, 1, slice_of(user), i ? &bad : &refused, START, &finished, &p->e), 0);
		assert_int_equal(lesson_done(p->b, &unit, 1, slice_of(user), &good, START, &finished, &p->e), 0);
	}
	assert_int_equal(lesson_teams(p->b, START, take_team, &s, &p->e), 0);
	assert_false(s.v[0].talk_shown); /* seven people's */
	assert_int_equal(s.v[0].talks + s.v[0].stop[5], 0);
	assert_false(s.v[0].honest_shown); /* one person's own answer */
	assert_int_equal(s.v[0].benign + s.v[0].suspicious, 0);
	put(p, "u8", "t", "");
	assert_int_equal(lesson_done(p->b, &unit, 1, SL("u8"), &bad, START, &finished, &p->e), 0);
	for (int i = 2; i <= TEAM_LEAST; i++) { /* and an honest contact each, in another part */
		char user[16];
		snprintf(user, sizeof user, "u%d", i);
		assert_int_equal(book_store(p->b, unit.id, SL("other"), slice_of(user), PART_CONVERSATION, &refused, START, &p->e), 0);
	}
	s.n = 0;
	assert_int_equal(lesson_teams(p->b, START, take_team, &s, &p->e), 0);
	assert_true(s.v[0].talk_shown && s.v[0].honest_shown);
	assert_int_equal(s.v[0].talks, TEAM_LEAST);
	assert_int_equal(s.v[0].stop[5], TEAM_LEAST);
	assert_int_equal(s.v[0].stop[1], 0); /* first tries count */
	assert_int_equal(s.v[0].benign, TEAM_LEAST);
	assert_int_equal(s.v[0].suspicious, TEAM_LEAST);
	struct lesson_team own;
	assert_int_equal(lesson_own(p->b, SL("u1"), &own, &p->e), 0);
	assert_true(own.talks == 1 && own.stop[5] == 1 && own.benign == 0 && own.answers == 0);
	assert_int_equal(lesson_own(p->b, SL("nobody"), &own, &p->e), 0);
	assert_true(own.talks == 0 && own.stop[5] == 0);
}

/* ---- who is known -------------------------------------------------------------------------------------------------------------------------------------- */

static int count_learner(void *arg, const struct lesson_learner *l)
{
	(void)l;
	++*(int *)arg;
	return 0;
}

static int count_record(void *arg, const struct lesson_record *r)
{
	assert_true(slice_eqz(r->unit, "side-door"));
	++*(int *)arg;
	return 0;
}

static void test_forget(void **state)
{
	struct place *p = *state;
	struct lesson_learner l;
	int n = 0;
	put(p, "ann", "lab", "");
	put(p, "bob", "lab", "");
	assign(p, FOR_USER, "ann", START);
	assert_true(finish(p, "ann", START));
	char id[28];
	snprintf(id, sizeof id, "%s", look(p, "ann", START).certificate.id);
	assert_int_equal(lesson_export(p->b, count_record, &n, &p->e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(lesson_forget(p->b, SL("ann"), &p->e), 0);
	assert_int_equal(lesson_forget(p->b, SL("ann"), &p->e), ERR_NOENT);
	assert_int_equal(lesson_learner_get(p->b, SL("ann"), &p->mem, &l, &p->e), ERR_NOENT);
	assert_int_equal(lesson_learner_get(p->b, SL("bob"), &p->mem, &l, &p->e), 0);
	struct lesson_certificate c;
	assert_int_equal(lesson_certificate(p->b, slice_of(id), &p->mem, &c, &p->e), ERR_NOENT);
	n = 0;
	assert_int_equal(lesson_taught(p->b, START, count_learner, &n, &p->e), 0);
	assert_int_equal(lesson_export(p->b, count_record, &n, &p->e), 0);
	assert_int_equal(n, 0);
}

static void test_expire(void **state)
{
	struct place *p = *state;
	int64_t gone;
	put(p, "ann", "lab", "");
	assert_true(finish(p, "ann", START));
	assert_int_equal(lesson_expire(p->b, START + 20 * NS_DAY, 1, &gone, &p->e), 0);
	assert_int_equal(gone, 0);
	assert_int_equal(lesson_expire(p->b, START + 100 * NS_DAY, 3, &gone, &p->e), 0);
	assert_int_equal(gone, 4); /* results, and when the question comes back; the completion holds */
	assert_true(look(p, "ann", START + 100 * NS_DAY).completed == START);
	assert_int_equal(lesson_expire(p->b, START + 600 * NS_DAY, 3, &gone, &p->e), 0);
	assert_true(gone > 0);
	assert_int_equal(look(p, "ann", START + 600 * NS_DAY).ndone, 0);
	assert_false(look(p, "ann", START + 600 * NS_DAY).lapsed);
}

static void test_meet(void **state)
{
	struct place *p = *state;
	struct lesson_learner l = {.user = SL("ann"), .shown = SL("Ann"), .team = SL("lab"), .language = LURE_DE}, out;
	put(p, "ann", "old", "engineer");
	assert_int_equal(lesson_learner_meet(p->b, &l, START, &p->e), 0);
	assert_int_equal(lesson_learner_get(p->b, SL("ann"), &p->mem, &out, &p->e), 0);
	assert_true(slice_eqz(out.team, "lab") && slice_eqz(out.roles, "engineer") && out.language == LURE_DE && out.seen == START);
	assert_int_equal(lesson_learner_meet(p->b, &l, START + NS_HOUR, &p->e), 0);
	assert_int_equal(lesson_learner_get(p->b, SL("ann"), &p->mem, &out, &p->e), 0);
	assert_true(out.seen == START); /* not written anew with every page */
	l.language = LURE_LANGUAGES; /* not known: stays */
	assert_int_equal(lesson_learner_put(p->b, &l, &p->e), 0);
	assert_int_equal(lesson_learner_get(p->b, SL("ann"), &p->mem, &out, &p->e), 0);
	assert_true(out.language == LURE_DE);
	l.language = LURE_DE;
	l.team = SL("a\nb"); /* a text that cannot be kept is left out, who it is of is not */
	assert_int_equal(lesson_learner_meet(p->b, &l, START + 2 * NS_DAY, &p->e), 0);
	assert_int_equal(lesson_learner_get(p->b, SL("ann"), &p->mem, &out, &p->e), 0);
	assert_true(slice_eqz(out.team, "lab") && out.seen == START + 2 * NS_DAY);
	l.user = SL("../ann");
	assert_int_equal(lesson_learner_meet(p->b, &l, START, &p->e), ERR_RANGE);
}

static void test_months(void **state)
{
	(void)state;
	const struct { int y; unsigned m, d, add; int ry; unsigned rm, rd; } rows[] = {{2026, 1, 31, 1, 2026, 2, 28}, {2027, 10, 31, 4, 2028, 2, 29}, {2026, 12, 1, 1, 2027, 1, 1}, {2028, 2, 29, 12, 2029, 2, 28},
		{2026, 6, 1, 12, 2027, 6, 1}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_true(lesson_months_after(days_from_civil(rows[i].y, rows[i].m, rows[i].d) * NS_DAY + NS_HOUR, rows[i].add) == days_from_civil(rows[i].ry, rows[i].rm, rows[i].rd) * NS_DAY + NS_HOUR);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {TEST(test_repeats), TEST(test_due), TEST(test_put_all), TEST(test_completion), TEST(test_runs_out), TEST(test_refresh), TEST(test_assignments), TEST(test_teams), TEST(test_one_assigned), TEST(test_first_tries), TEST(test_forget),
		TEST(test_expire), TEST(test_meet), cmocka_unit_test(test_sensitivity), cmocka_unit_test(test_months)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
