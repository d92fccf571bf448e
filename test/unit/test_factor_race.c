/* test_factor_race.c - one code in twenty processes at once: exactly one wins, fifty times over; a killed process uses nothing up halfway. */
#include "test_factor.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

enum { PROCESSES = 20, ROUNDS = 50 };

/* Opens its own vault before the start sign: all of them are at the gate together. */
static void contender(const struct scene *s, int start, int ready, struct slice person, struct slice source, struct slice code, nstime now)
{
	struct err e = {0};
	char sign;
	struct vault *v = vault_open(s->file, VAULT_WRITE, &e);
	struct factor *f = v ? factor_open(v, s->key, false, &e) : NULL;
	if (!f || write(ready, "r", 1) != 1 || read(start, &sign, 1) != 0)
		_exit(100);
	_exit(factor_check(f, person, source, code, now, NULL, &e));
}

/* verdicts: how many came back with each. */
static void run_race(struct scene *s, struct slice person, bool same_source, struct slice code, nstime now, unsigned verdicts[static FACTOR_FAULT + 1])
{
	int start[2], ready[2];
	pid_t pids[PROCESSES];
	assert_int_equal(pipe(start), 0);
	assert_int_equal(pipe(ready), 0);
	for (int i = 0; i < PROCESSES; i++) {
		char from[32];
		snprintf(from, sizeof from, "10.%d.0.1", same_source ? 0 : i);
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			close(start[1]);
			contender(s, start[0], ready[1], person, slice_of(from), code, now);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		char sign;
		assert_int_equal(read(ready[0], &sign, 1), 1);
	}
	close(start[1]); /* now */
	memset(verdicts, 0, sizeof *verdicts * (FACTOR_FAULT + 1));
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= FACTOR_FAULT);
		verdicts[WEXITSTATUS(status)]++;
	}
	close(start[0]);
	close(ready[0]);
	close(ready[1]);
}

static void one_wins(void **state)
{
	struct scene *s = *state;
	unsigned v[FACTOR_FAULT + 1], held = 0, replayed = 0;
	enroll_as(s, SL("ann"), plain_kind, T0);
	scene_close(s);
	for (int round = 1; round <= ROUNDS; round++) {
		char code[9];
		nstime now = T0 + round * NS_HOUR;
		device(s, now / NS_SEC / 30, code);
		run_race(s, SL("ann"), round & 1, slice_of(code), now, v);
		assert_int_equal(v[FACTOR_GOOD], 1);
		assert_int_equal(v[FACTOR_GOOD] + v[FACTOR_REPLAYED] + v[FACTOR_THROTTLED], PROCESSES);
		held += v[FACTOR_THROTTLED];
		replayed += v[FACTOR_REPLAYED];
	}
	assert_true(replayed >= ROUNDS && held > 0);
	scene_open(s);
}

static void one_recovers(void **state)
{
	struct scene *s = *state;
	unsigned v[FACTOR_FAULT + 1];
	enroll_as(s, SL("ann"), plain_kind, T0);
	scene_close(s);
	for (unsigned round = 0; round < 3; round++) {
		run_race(s, SL("ann"), false, slice_make(s->codes.p + 20 * round, 19), T0 + (round + 1) * NS_DAY, v);
		assert_int_equal(v[FACTOR_RECOVERY], 1);
		assert_int_equal(v[FACTOR_RECOVERY] + v[FACTOR_WRONG] + v[FACTOR_THROTTLED], PROCESSES);
	}
	scene_open(s);
}

/* Several make the key at once: all of them end up with the same one. */
static void one_key(void **state)
{
	struct scene *s = *state;
	pid_t pids[PROCESSES];
	for (int round = 0; round < 10; round++) {
		scene_close(s);
		unlink(s->file);
		unlink(s->key);
		for (int i = 0; i < PROCESSES; i++) {
			pids[i] = fork();
			assert_true(pids[i] >= 0);
			if (pids[i] == 0) {
				struct err e = {0};
				struct vault *v = vault_open(s->file, VAULT_CREATE, &e);
				struct factor *f = v ? factor_open(v, s->key, true, &e) : NULL;
				if (!f)
					fprintf(stderr, "%s\n", e.text);
				_exit(f ? 0 : 1);
			}
		}
		unsigned failed = 0;
		for (int i = 0; i < PROCESSES; i++) {
			int status;
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			failed += !WIFEXITED(status) || WEXITSTATUS(status);
		}
		assert_int_equal(failed, 0);
		scene_open(s);
	}
}

/* Killed at any moment: a code that somebody was told is good is good no more. */
static void killed(void **state)
{
	struct scene *s = *state;
	enroll_as(s, SL("ann"), plain_kind, T0);
	scene_close(s);
	for (int round = 1; round <= 40; round++) {
		char code[9], told = 0;
		int out[2];
		nstime now = T0 + round * NS_HOUR;
		device(s, now / NS_SEC / 30, code);
		assert_int_equal(pipe(out), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct err e = {0};
			struct vault *v = vault_open(s->file, VAULT_WRITE, &e);
			struct factor *f = v ? factor_open(v, s->key, false, &e) : NULL;
			if (f && factor_check(f, SL("ann"), HOME, slice_of(code), now, NULL, &e) == FACTOR_GOOD && write(out[1], "y", 1) == 1)
				pause();
			_exit(1);
		}
		close(out[1]);
		if (round > 1)
			usleep((useconds_t)(round * 1000));
		else
			assert_int_equal(read(out[0], &told, 1), 1);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		if (!told && read(out[0], &told, 1) < 0)
			fail_msg("read: %d", errno);
		close(out[0]);
		scene_open(s);
		enum factor_verdict v = try(s, SL("ann"), HOME, slice_of(code), now, NULL);
		if (told)
			assert_int_equal(v, FACTOR_REPLAYED);
		else
			assert_true(v == FACTOR_GOOD || v == FACTOR_REPLAYED); /* killed between commit and word */
		scene_close(s);
	}
	scene_open(s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {T(one_wins), T(one_recovers), T(one_key), T(killed)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
