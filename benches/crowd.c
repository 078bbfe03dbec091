/* crowd N [EVERY [FDS [SOCKETS]]]: N sleeping processes for measuring lsns.
 * Every EVERY-th one (0: none) is alone in new user, mount, UTS, IPC and cgroup namespaces.
 * Each holds FDS descriptors beside 0-2, every second one a socket (shared by all: opened before the forks), and SOCKETS
 * sockets of its own. Prints "ready" when all stand; kill it and they all end.
 * cc -O2 -o crowd crowd.c */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int number(int argc, char **argv, int at, int other)
{
	return argc > at ? atoi(argv[at]) : other;
}

int main(int argc, char **argv)
{
	int n = number(argc, argv, 1, 1000), every = number(argc, argv, 2, 0);
	int fds = number(argc, argv, 3, 0), sockets = number(argc, argv, 4, 0);
	int standing[2];
	char byte = 0;

	for (int i = 0; i < fds; i++)
		if ((i % 2 ? socket(AF_UNIX, SOCK_STREAM, 0) : open("/dev/null", O_RDONLY)) < 0)
			perror("descriptor");
	if (pipe2(standing, O_CLOEXEC)) {
		perror("pipe");
		return 1;
	}
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();
		if (pid < 0) {
			perror("fork");
			return 1;
		}
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (every && i % every == 0 &&
			    unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP))
				perror("unshare");
			for (int s = 0; s < sockets; s++)
				if (socket(AF_UNIX, SOCK_STREAM, 0) < 0)
					perror("socket");
			if (write(standing[1], &byte, 1) != 1)
				perror("write");
			close(standing[0]);
			close(standing[1]);
			for (;;)
				pause();
		}
	}
	for (int i = 0; i < n; i++)
		if (read(standing[0], &byte, 1) != 1)
			perror("read");
	close(standing[0]);
	close(standing[1]);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
