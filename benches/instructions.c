/* instructions PROGRAM [ARG...]: how many instructions the program makes until it runs another one or ends, not counting
 * those of the kernel and of its children. Counts one step after the other, and so needs no counter of the processor,
 * which virtual machines often lack.
 * cc -O2 -o instructions instructions.c */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long count = 0;
	int status, signal = 0;

	if (argc < 2)
		return 1;
	pid_t pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		dup2(open("/dev/null", O_WRONLY), 1);
		execv(argv[1], argv + 1);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
	/* To the program itself. */
	ptrace(PTRACE_CONT, pid, 0, 0);
	waitpid(pid, &status, 0);
	while (ptrace(PTRACE_SINGLESTEP, pid, 0, signal) == 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) &&
	       status >> 8 != (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
		signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
		count++;
	}
	kill(pid, SIGKILL);
	printf("%ld\n", count);
	return 0;
}
