// Types only: libcurl is loaded on first use, so that a command that downloads nothing does not pay for it.
// Its calls with variable arguments cannot be made from Swift: these make them through the address found.
#ifndef LAKE_CCURL_H
#define LAKE_CCURL_H
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

typedef size_t (*lake_curl_receiver)(char *, size_t, size_t, void *);

static inline CURLcode lake_curl_set_number(void *setopt, CURL *easy, CURLoption option, long value) {
  return ((CURLcode(*)(CURL *, CURLoption, ...))setopt)(easy, option, value);
}
static inline CURLcode lake_curl_set_text(void *setopt, CURL *easy, CURLoption option, const char *value) {
  return ((CURLcode(*)(CURL *, CURLoption, ...))setopt)(easy, option, value);
}
static inline CURLcode lake_curl_set_pointer(void *setopt, CURL *easy, CURLoption option, void *value) {
  return ((CURLcode(*)(CURL *, CURLoption, ...))setopt)(easy, option, value);
}
static inline CURLcode lake_curl_set_receiver(
    void *setopt, CURL *easy, CURLoption option, lake_curl_receiver value) {
  return ((CURLcode(*)(CURL *, CURLoption, ...))setopt)(easy, option, value);
}
#endif
