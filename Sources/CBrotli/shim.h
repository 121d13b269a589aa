// Types only: libbrotlidec is loaded on first use, so that nothing else pays for it.
#include <brotli/decode.h>
