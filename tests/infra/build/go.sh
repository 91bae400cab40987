# What every build from a Go module needs. Sourced; nothing here is run by itself.

# Go's own installer puts it where no PATH of a service points.
command -v go >/dev/null || PATH="$PATH:/usr/local/go/bin"
command -v go >/dev/null || { echo "Go 1.21 or newer is needed: put it into the PATH or /usr/local/go"; exit 1; }
# Static programs: they run in an image that holds nothing else.
export CGO_ENABLED=0
# Older ones than a module asks for fetch the toolchain that it names.
export GOFLAGS=-mod=mod

module_folder() { # the sources of MODULE@VERSION, downloaded and checked against the checksum database
  go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'
}

compile() { # OUTPUT PACKAGE [LINKER FLAG…]
  local output=$1 package=$2
  shift 2
  go build -trimpath -ldflags "-s -w $*" -o "$output" "$package"
}
