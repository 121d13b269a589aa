import CSystem
import Glibc

// Buffers of a few megabytes come and go: keep them, instead of asking the kernel for fresh, zeroed
// pages each time.
_ = lake_mallopt(-3 /* M_MMAP_THRESHOLD */, 1 << 30)
_ = lake_mallopt(-1 /* M_TRIM_THRESHOLD */, 256 << 20)
exit(runLake())
