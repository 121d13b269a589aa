// launch SECONDS_MAX RESULT PROGRAM ARGUMENTS…: runs a program and writes its wall time, CPU time and peak memory.
// A launcher of its own because a child's peak memory begins with that of the process it was forked from.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec / 1e6; }

int main(int argc, char **argv) {
  if (argc < 4) return 64;
  struct timespec began, ended;
  clock_gettime(CLOCK_MONOTONIC, &began);
  pid_t child = fork();
  if (child == 0) {
    alarm((unsigned)atoi(argv[1]));
    execvp(argv[3], argv + 3);
    _exit(127);
  }
  int status = 0;
  struct rusage used;
  if (child < 0 || wait4(child, &status, 0, &used) < 0) return 71;
  clock_gettime(CLOCK_MONOTONIC, &ended);
  FILE *result = fopen(argv[2], "w");
  if (!result) return 73;
  fprintf(result, "{\"wall\": %.6f, \"cpu\": %.6f, \"memory\": %ld, \"status\": %d}\n",
          (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9,
          seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss * 1024L,
          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return fclose(result) ? 73 : 0;
}
