# Sourced by the scripts beside it: where things lie, and installing what is missing.
# A machine needs Swift 6.2 or later, Python 3.11 or later and git; the rest comes from here.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
shared=${LAKE_SHARED:-$root/../shared}
venv=${LAKE_VENV:-$root/tools/.venv}
python=$venv/bin/python
release_binary=$root/.build/release/lake
apt_packages=(libzstd-dev liblz4-dev zlib1g-dev libbrotli-dev libyaml-dev libcurl4-openssl-dev pkg-config binutils tzdata)
cd "$root"

say() { printf '\n== %s\n' "$*"; }

# fail WHAT REMEDY: prints an error in the program's own form and ends.
fail() {
  printf 'error: %s\n  try: %s\n' "$1" "$2" >&2
  exit 2
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  command -v sudo >/dev/null || fail "installing packages needs root, and there is no sudo" "run as root: $*"
  sudo "$@"
}

is_installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q '^install ok installed'; }

# Installs the system packages that are missing; asks for nothing when all are there.
need_packages() {
  local missing=() package
  if ! command -v dpkg-query >/dev/null; then
    echo "not Debian or Ubuntu: install the equivalents of ${apt_packages[*]} yourself"
    return
  fi
  for package in "${apt_packages[@]}" "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing system packages: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

need_swift() {
  command -v swift >/dev/null || fail "Swift is not on the PATH" "install it from https://www.swift.org/install/linux"
}

# Makes the virtual environment of tools/requirements*.txt, once for each content of those files.
need_python() {
  command -v python3 >/dev/null || need_packages python3
  python3 -c 'import ensurepip' 2>/dev/null || need_packages python3-venv
  local wanted
  wanted=$(cat tools/requirements.txt tools/requirements-apart.txt | sha256sum | cut -d' ' -f1)
  if [ "$(cat "$venv/requirements.sha256" 2>/dev/null)" = "$wanted" ]; then return; fi
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "the judges' packages need Python 3.11 or later, this is $(python3 -V)" "install a newer python3"
  say "installing the judges' Python packages into $venv (about 1.5 GB, once)"
  python3 -m venv --clear "$venv"
  "$python" -m pip install --quiet --disable-pip-version-check -r tools/requirements.txt
  "$python" -m pip install --quiet --disable-pip-version-check --no-deps -r tools/requirements-apart.txt
  echo "$wanted" >"$venv/requirements.sha256"
}

# The binary that users get: optimised, with the Swift runtime inside.
build_release() {
  say "building the release binary (some minutes the first time)"
  swift build -c release --static-swift-stdlib --product lake 2>&1 | grep -vE '^\[[0-9]+/[0-9]+\]'
}
