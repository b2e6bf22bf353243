#!/usr/bin/env bash
# Takes the steps of the Dockerfile without Docker, and checks what comes of them: the service refuses to serve
# everyone, gets healthy, serves with a key, and ends with code 0 on SIGTERM. Base images and the isolation of
# containers are not part of it. The steps themselves are read from Dockerfile and .dockerignore.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
chmod 755 "$work"
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
fail() { echo "container steps: $*" >&2; exit 1; }
# The words of an instruction in exec form, one a line (none of ours holds a line break).
words() { node -e 'for (const word of JSON.parse(process.argv[1])) console.log(word)' "$1"; }

# What Docker would be given.
mkdir "$work/context"
while read -r line; do
  case $line in
    '' | '#'* | '*') ;;
    '!'*) cp -a "${line#!}" "$work/context/" ;;
    *) fail ".dockerignore: '$line' is not understood here" ;;
  esac
done <.dockerignore

as_user=()
copy() {
  local source=$work/context owner='' from to
  while [[ $1 == --* ]]; do
    case $1 in
      --from=*) source=$work/${1#*=} ;;
      --chown=*) owner=${1#*=} ;;
      *) fail "COPY $1 is not understood here" ;;
    esac
    shift
  done
  to=${*: -1}
  [[ $to == /* ]] && to=$stage$to || to=$stage$dir/$to
  for from in "${@:1:$#-1}"; do
    [ -e "$source/$from" ] || fail "COPY $from: no such file in what Docker would be given"
    if [ -d "$source/$from" ]; then mkdir -p "$to" && cp -r "$source/$from/." "$to"; else cp "$source/$from" "$to"; fi
  done
  # Of the user's name in the image only the number is known here.
  if [ -n "$owner" ] && [ "$(id -u)" = 0 ]; then chown -R 1000:1000 "$to"; fi
}

while read -r instruction rest; do
  case $instruction in
    FROM)
      [[ $rest == *' AS '* ]] && stage=$work/${rest##* AS } || stage=$work/image
      settings=()
      mkdir -p "$stage"
      ;;
    WORKDIR) dir=$rest && mkdir -p "$stage$dir" ;;
    ENV) read -ra settings <<<"$rest" ;;
    COPY) eval "copy $rest" ;;
    RUN) echo "== $rest" && (cd "$stage$dir" && npm_config_prefer_offline=true sh -ec "$rest") ;;
    USER) [ "$(id -u)" != 0 ] || as_user=(setpriv --reuid=1000 --regid=1000 --clear-groups) ;;
    HEALTHCHECK) mapfile -t health < <(words "${rest#*CMD }") ;;
    ENTRYPOINT) mapfile -t entrypoint < <(words "$rest") ;;
    VOLUME) volume=$rest ;;
    LABEL | EXPOSE) ;;
    *) fail "$instruction is not understood here" ;;
  esac
done < <(sed -e ':join' -e '/\\$/{N;s/\\\n//;b join' -e '}' -e '/^#/d' -e '/^$/d' Dockerfile)

port=$((20000 + RANDOM % 12000))
in_image() {
  cd "$stage$dir"
  exec env -i PATH="$PATH" "${settings[@]}" PORT="$port" DATA_DIR="$stage$volume" "${as_user[@]}" "$@"
}

echo '== without keys'
refusal=$(in_image "${entrypoint[@]}" 2>&1) && fail 'it serves everyone without being told to'
echo "$refusal"
[[ $refusal == *'set API_KEYS'* ]] || fail 'it does not say what is missing'

echo '== with a key'
key=$(node -p 'require("node:crypto").randomBytes(24).toString("hex")')
in_image env API_KEYS="$key" LOG_LEVEL=warn "${entrypoint[@]}" &
pid=$!
for _ in $(seq 100); do
  healthy=no
  (in_image "${health[@]}") && healthy=yes && break
  kill -0 "$pid" || fail 'it ended'
  sleep 0.1
done
[ "$healthy" = yes ] || fail 'it does not get healthy'
status() { curl -s -o "$work/answer" -w '%{http_code}' "$@" "http://127.0.0.1:$port/api/projects/p/personas"; }
[ "$(status)" = 401 ] || fail 'it answers without a key'
[ "$(status -H "Authorization: Bearer $key" --json '{"name":"One"}')" = 201 ] || fail "$(cat "$work/answer")"
kill -TERM "$pid"
wait "$pid" || fail "SIGTERM ended it with code $?"
pid=
(in_image "${health[@]}") && fail 'the health check does not notice that it has ended'

[ "$(ls "$stage$volume")" = personas.db ] || fail "in the volume: $(ls "$stage$volume")"
for package in typescript @typescript vitest @biomejs/biome tsx; do
  [ ! -e "$stage$dir/node_modules/$package" ] || fail "$package is in the image"
done
echo "== $(du -sm "$stage$dir" | cut -f1) MB beside Node ($(node -v)), of which node_modules $(du -sm "$stage$dir/node_modules" | cut -f1); largest:"
(cd "$stage$dir/node_modules" && du -sm [!@]* @*/* | sort -rn | sed -n 1,6p)
echo "container steps: all as it should be, in $SECONDS s"
