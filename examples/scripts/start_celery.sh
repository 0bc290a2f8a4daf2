#!/usr/bin/env bash
# Runs a Celery worker, beat and more on one machine, until Ctrl-C.
#
#   CELERY_APP=shop.celery ./start_celery.sh                 # worker and beat
#   CELERY_APP=shop.celery ./start_celery.sh worker flower   # these of worker, beat, flower and monitor
#
# Waits for the broker and the database first. Logs the health of the application while the programs run. Ctrl-C ends beat
# at once, and the worker when its tasks have ended; a second Ctrl-C does not wait for the tasks.
#
# Settings, from the environment:
#   CELERY_APP              the application, as for celery -A
#   CELERY_BROKER_URL       or REDIS_URL, or REDIS_HOST and REDIS_PORT
#   CELERY_RESULT_BACKEND   waited for, if it is set
#   DATABASE_URL            waited for, if it is set
#   CELERY_CONCURRENCY      slots of the worker (4)
#   CELERY_LOGLEVEL         info
#   CELERY_QUEUES           queues of the worker, such as default,email (those of the application)
#   LOG_DIR                 folder of the log files (logs)
#   LOG_MAX_BYTES           a log file is rotated at this size (10485760); five old files are kept
#   PREFLIGHT_SECONDS       how long to wait for the servers (30)
#   HEALTH_SECONDS          time between two health checks (30)
#   HEALTH_TIMEOUT          how long the application may take to load, and to answer (10)
#   STOP_SECONDS            how long running tasks may take after Ctrl-C (60)
#
# Exit codes: 0 stopped by Ctrl-C, SIGTERM or SIGHUP; 1 a program ended by itself, or tasks were ended; 2 a server is not
# ready; 3 wrong settings.
set -u

LOG_DIR=${LOG_DIR:-logs}
LOG_MAX_BYTES=${LOG_MAX_BYTES:-10485760}
LOG_BACKUPS=5
HEALTH_SECONDS=${HEALTH_SECONDS:-30}
STOP_SECONDS=${STOP_SECONDS:-60}
KILL_SECONDS=15

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    RED=$'\033[31m' GREEN=$'\033[32m' YELLOW=$'\033[33m' BLUE=$'\033[34m' PLAIN=$'\033[0m'
else
    RED='' GREEN='' YELLOW='' BLUE='' PLAIN=''
fi

# Two lists of the same length.
names=()
pids=()
interrupts=0
exit_code=0

log() { # COLOUR TEXT
    printf '%s[%s] %s%s\n' "$1" "$(date '+%Y-%m-%d %H:%M:%S')" "$2" "$PLAIN"
}

fail() { # EXIT_CODE TEXT
    log "$RED" "$2" >&2
    exit "$1"
}

check_settings() { # PROGRAM...
    [ -n "${CELERY_APP:-}" ] || fail 3 'CELERY_APP is not set: name the application, such as CELERY_APP=shop.celery.'
    local program
    for program in "$@"; do
        case $program in
            worker | beat | flower | monitor) ;;
            *) fail 3 "There is no program $program: use worker, beat, flower or monitor." ;;
        esac
    done
    for program in celery celery-health; do
        command -v "$program" >/dev/null || fail 3 "$program is not installed: pip install 'celery-operator[cli]'"
    done
}

preflight() {
    log "$BLUE" 'Waiting for the broker and the database.'
    celery-health preflight --wait "${PREFLIGHT_SECONDS:-30}" 2>&1 |
        while IFS= read -r line; do log "$BLUE" "$line"; done
    local code=${PIPESTATUS[0]}
    [ "$code" -eq 0 ] || fail "$code" 'Nothing was started.'
}

start() { # NAME COMMAND...
    names+=("$1")
    # A process group of its own: Ctrl-C in the terminal reaches this script alone.
    set -m
    "${@:2}" &
    set +m
    pids+=("$!")
    log "$BLUE" "Started $1 (process $!)."
}

start_program() { # NAME
    local app=(celery -A "$CELERY_APP") level=(--loglevel "${CELERY_LOGLEVEL:-info}") queues=()
    case $1 in
        worker)
            [ -z "${CELERY_QUEUES:-}" ] || queues=(--queues "$CELERY_QUEUES")
            # bash 3 of macOS calls an empty list unset.
            start worker "${app[@]}" worker "${level[@]}" --concurrency "${CELERY_CONCURRENCY:-4}" \
                --logfile "$LOG_DIR/celery_worker.log" ${queues[@]+"${queues[@]}"}
            ;;
        beat)
            start beat "${app[@]}" beat "${level[@]}" --logfile "$LOG_DIR/celery_beat.log" \
                --schedule "$LOG_DIR/celerybeat-schedule" --pidfile=
            ;;
        flower)
            start flower "${app[@]}" flower --log-file-prefix="$LOG_DIR/flower.log" \
                --log-file-max-size="$LOG_MAX_BYTES" --log-file-num-backups="$LOG_BACKUPS"
            ;;
        monitor)
            start monitor celery-monitor -A "$CELERY_APP"
            ;;
    esac
}

report_health() {
    local line code
    while sleep "$HEALTH_SECONDS"; do
        line=$(celery-health -A "$CELERY_APP" --format summary --timeout "${HEALTH_TIMEOUT:-10}" 2>&1)
        code=$?
        case $code in
            0) log "$GREEN" "$line" ;;
            1) log "$YELLOW" "$line" ;;
            *) log "$RED" "$line" ;;
        esac
    done
}

# Celery opens its log file again when it has been renamed. Flower rotates its own.
rotate() { # FILE
    [ -f "$1" ] || return 0
    [ "$(wc -c <"$1")" -ge "$LOG_MAX_BYTES" ] || return 0
    local number
    for ((number = LOG_BACKUPS - 1; number >= 1; number--)); do
        [ ! -f "$1.$number" ] || mv "$1.$number" "$1.$((number + 1))"
    done
    mv "$1" "$1.1"
}

# Unlike sleep alone, it ends at a signal.
pause() { # SECONDS
    sleep "$1" &
    wait "$!"
}

forget_ended() {
    local index code
    for index in "${!pids[@]}"; do
        kill -0 "${pids[$index]}" 2>/dev/null && continue
        wait "${pids[$index]}"
        code=$?
        if [ "$interrupts" -eq 0 ]; then
            log "$RED" "${names[$index]} has ended by itself, with exit code $code." >&2
            exit_code=1
        else
            log "$BLUE" "${names[$index]} has ended."
        fi
        unset "names[$index]" "pids[$index]"
    done
    return 0
}

signal_all() { # SIGNAL [GROUP]: with a hyphen as GROUP, also to the processes that a program has started
    local pid
    for pid in "${pids[@]}"; do kill -s "$1" -- "${2:-}$pid" 2>/dev/null; done
}

stop_all() {
    [ "${#pids[@]}" -gt 0 ] || return 0
    log "$BLUE" "Stopping. Running tasks have $STOP_SECONDS s; Ctrl-C ends them now."
    local before=$interrupts began=$SECONDS signal=TERM
    # So that forget_ended reports the ends that follow as ordered.
    [ "$interrupts" -gt 0 ] || interrupts=1 before=1
    signal_all TERM
    while forget_ended && [ "${#pids[@]}" -gt 0 ]; do
        if [ "$signal" = TERM ] && { [ "$interrupts" -gt "$before" ] || [ $((SECONDS - began)) -ge "$STOP_SECONDS" ]; }; then
            log "$RED" 'Ending the tasks that still run.'
            exit_code=1 signal=QUIT began=$SECONDS
            signal_all QUIT
        elif [ "$signal" = QUIT ] && [ $((SECONDS - began)) -ge "$KILL_SECONDS" ]; then
            signal_all KILL -
        fi
        pause 0.2
    done
}

[ "$#" -gt 0 ] || set -- worker beat
check_settings "$@"
mkdir -p "$LOG_DIR" || fail 3 "LOG_DIR=$LOG_DIR cannot be made: name a folder that can be written."
preflight

trap 'interrupts=$((interrupts + 1))' INT TERM HUP
for program in "$@"; do start_program "$program"; done
set -m
report_health &
health=$!
set +m

while forget_ended && [ "$interrupts" -eq 0 ] && [ "$exit_code" -eq 0 ]; do
    rotate "$LOG_DIR/celery_worker.log"
    rotate "$LOG_DIR/celery_beat.log"
    pause 1
done
kill -s TERM -- "-$health" 2>/dev/null
wait "$health" 2>/dev/null
stop_all
exit "$exit_code"
