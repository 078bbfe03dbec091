/* alternate RUNS COMMAND...: runs the commands in turn, RUNS times each, so that whatever else the machine does meets all of
 * them alike. A COMMAND is words with a blank between them; its output goes to /dev/null, and it must end with status 0.
 * Prints a line for each: microseconds that passed (median, 10th and 90th percentile), of these on a processor (median),
 * page faults (median).
 * cc -O2 -o alternate alternate.c */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS 32

struct command {
	char *words[WORDS + 1];
	double *passed, *processor, *faults;
};

static int by_size(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;
	return (x > y) - (x < y);
}

static double microseconds(struct timeval t)
{
	return t.tv_sec * 1e6 + t.tv_usec;
}

static void run(struct command *command, int at)
{
	struct timespec before, after;
	struct rusage used;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &before);
	pid_t pid = vfork();
	if (pid == 0) {
		execv(command->words[0], command->words);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid || status != 0) {
		fprintf(stderr, "alternate: %s failed\n", command->words[0]);
		exit(1);
	}
	clock_gettime(CLOCK_MONOTONIC, &after);
	command->passed[at] = (after.tv_sec - before.tv_sec) * 1e6 + (after.tv_nsec - before.tv_nsec) / 1e3;
	command->processor[at] = microseconds(used.ru_utime) + microseconds(used.ru_stime);
	command->faults[at] = used.ru_minflt;
}

int main(int argc, char **argv)
{
	int runs = argc > 2 ? atoi(argv[1]) : 0, count = argc - 2;
	if (runs < 1) {
		fprintf(stderr, "alternate RUNS COMMAND...\n");
		return 1;
	}
	struct command *commands = calloc(count, sizeof *commands);
	for (int i = 0; i < count; i++) {
		int words = 0;
		for (char *word = strtok(argv[i + 2], " "); word && words < WORDS; word = strtok(NULL, " "))
			commands[i].words[words++] = word;
		commands[i].passed = calloc(runs, sizeof(double));
		commands[i].processor = calloc(runs, sizeof(double));
		commands[i].faults = calloc(runs, sizeof(double));
	}
	int report = dup(1), null = open("/dev/null", O_WRONLY);
	fcntl(report, F_SETFD, FD_CLOEXEC);
	dup2(null, 1);
	close(null);
	/* The first round fills the caches of the kernel. */
	for (int at = -1; at < runs; at++)
		for (int i = 0; i < count; i++)
			run(&commands[i], at < 0 ? 0 : at);
	for (int i = 0; i < count; i++) {
		struct command *c = &commands[i];
		qsort(c->passed, runs, sizeof(double), by_size);
		qsort(c->processor, runs, sizeof(double), by_size);
		qsort(c->faults, runs, sizeof(double), by_size);
		dprintf(report, "%.1f %.1f %.1f %.1f %.0f\n", c->passed[runs / 2], c->passed[runs / 10],
			c->passed[runs * 9 / 10], c->processor[runs / 2], c->faults[runs / 2]);
	}
	return 0;
}
