// Runs a program and kills it right before its n-th system call.
//
//   kill_at N TALLY PROGRAM ARGUMENT…
//
// Counted are calls that concern files and the network, of all threads together, from the first one on that names
// KILL_AT_ROOT; not those of memory, time and threads, between which nothing happens that anybody could see. N = 0 lets
// the program end. TALLY gets the number of calls that were made and the name of the last, for N > 0. Exit status 137
// where it was killed, else the program's.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALL(name) {SYS_##name, #name}
static const struct { long number; const char *name; } calls[] = {
    CALL(openat), CALL(close), CALL(read), CALL(write), CALL(pread64), CALL(pwrite64), CALL(readv), CALL(writev),
    CALL(fsync), CALL(fdatasync), CALL(ftruncate), CALL(fallocate), CALL(flock), CALL(fcntl), CALL(lseek), CALL(statx),
    CALL(mkdirat), CALL(unlinkat), CALL(linkat), CALL(renameat2), CALL(getdents64), CALL(fstat), CALL(statfs),
    CALL(socket), CALL(connect), CALL(sendto), CALL(recvfrom), CALL(sendmsg), CALL(recvmsg), CALL(shutdown),
    CALL(getsockopt), CALL(setsockopt), CALL(getsockname), CALL(getpeername), CALL(ppoll), CALL(faccessat),
    CALL(readlinkat), CALL(fchmod), CALL(fchmodat),
#ifdef SYS_open
    CALL(open), CALL(stat), CALL(lstat), CALL(access), CALL(mkdir), CALL(rmdir), CALL(link), CALL(unlink), CALL(rename),
    CALL(renameat), CALL(poll), CALL(readlink), CALL(newfstatat), CALL(chmod),
#else
    CALL(newfstatat), CALL(renameat),
#endif
#ifdef SYS_faccessat2
    CALL(faccessat2),
#endif
};

static const char *name_of(long number) {
  for (size_t at = 0; at < sizeof calls / sizeof *calls; at++)
    if (calls[at].number == number) return calls[at].name;
  return NULL;
}

// Whether one of a call's arguments is a path below the root.
static int names_root(pid_t thread, const struct __ptrace_syscall_info *info, const char *root) {
  size_t length = strlen(root);
  char text[4096];
  if (length >= sizeof text) return 0;
  for (int at = 0; at < 2; at++) {
    struct iovec here = {text, length}, there = {(void *)info->entry.args[at], length};
    if (info->entry.args[at] > 4096 && process_vm_readv(thread, &here, 1, &there, 1, 0) == (ssize_t)length
        && memcmp(text, root, length) == 0) return 1;
  }
  return 0;
}

static void tally(const char *path, long count, const char *name) {
  FILE *file = fopen(path, "w");
  if (!file) return;
  fprintf(file, "%ld %s\n", count, name);
  fclose(file);
}

int main(int argc, char **argv) {
  if (argc < 4) return fprintf(stderr, "usage: kill_at N TALLY PROGRAM ARGUMENT…\n"), 64;
  long wanted = atol(argv[1]), count = 0;
  const char *root = getenv("KILL_AT_ROOT"), *last = "none";
  int is_counting = !root;
  pid_t child = fork();
  if (child < 0) return perror("fork"), 2;
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    execv(argv[3], argv + 3);
    perror(argv[3]);
    _exit(126);
  }
  int status;
  if (waitpid(child, &status, 0) != child) return perror("wait"), 2;
  long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK
      | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)options) != 0) return perror("ptrace"), 2;
  ptrace(PTRACE_SYSCALL, child, NULL, NULL);
  int result = 2, is_killed = 0;
  for (;;) {
    pid_t thread = waitpid(-1, &status, __WALL);
    if (thread < 0) break;
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      if (thread == child) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      continue;
    }
    if (is_killed) continue;
    int signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) {
      struct __ptrace_syscall_info info;
      if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, (void *)sizeof info, &info) > 0
          && info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        const char *name = name_of((long)info.entry.nr);
        if (name && !is_counting) is_counting = names_root(thread, &info, root);
        if (name && is_counting) {
          count++;
          last = name;
          if (count == wanted) {
            // At its entry: the call itself is not made.
            kill(child, SIGKILL);
            is_killed = 1;
            continue;
          }
        }
      }
      signal = 0;
    } else if (signal == SIGTRAP || signal == SIGSTOP) {
      // A new thread or program, not a signal of the program's own.
      signal = 0;
    }
    ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(long)signal);
  }
  tally(argv[2], count, last);
  return result;
}
