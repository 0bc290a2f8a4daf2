@echo off
rem Runs a Celery worker, beat and more on one Windows machine, each in a window of its own.
rem
rem   set CELERY_APP=shop.celery
rem   set CELERY_BROKER_URL=redis://localhost:6379/0
rem   start_celery.bat                 starts worker and beat
rem   start_celery.bat worker flower   starts these of worker, beat, flower and monitor
rem
rem Waits for the broker and the database first. Then this window shows the health of the application until Ctrl-C.
rem Ctrl-C in the window of a program ends this program; a worker finishes its tasks first.
rem
rem Settings, from the environment:
rem   CELERY_APP              the application, as for celery -A
rem   CELERY_BROKER_URL       or REDIS_URL, or REDIS_HOST and REDIS_PORT
rem   CELERY_RESULT_BACKEND   waited for, if it is set
rem   DATABASE_URL            waited for, if it is set
rem   CELERY_CONCURRENCY      slots of the worker (4)
rem   CELERY_LOGLEVEL         info
rem   CELERY_QUEUES           queues of the worker, such as default,email (those of the application)
rem   LOG_DIR                 folder of the log files (logs)
rem   PREFLIGHT_SECONDS       how long to wait for the servers (30)
rem   HEALTH_SECONDS          time between two health checks (30)
rem   HEALTH_TIMEOUT          how long the application may take to load, and to answer (10)
rem
rem A log file of 10 MB or more is rotated at the start; five old files are kept.
rem Exit codes: 2 a server is not ready; 3 wrong settings.
setlocal EnableExtensions DisableDelayedExpansion

if not defined CELERY_CONCURRENCY set "CELERY_CONCURRENCY=4"
if not defined CELERY_LOGLEVEL set "CELERY_LOGLEVEL=info"
if not defined LOG_DIR set "LOG_DIR=logs"
if not defined PREFLIGHT_SECONDS set "PREFLIGHT_SECONDS=30"
if not defined HEALTH_SECONDS set "HEALTH_SECONDS=30"
if not defined HEALTH_TIMEOUT set "HEALTH_TIMEOUT=10"
set "LOG_MAX_BYTES=10485760"
set "QUEUES="
if defined CELERY_QUEUES set "QUEUES=--queues %CELERY_QUEUES%"

set "RED="
set "GREEN="
set "YELLOW="
set "BLUE="
set "PLAIN="
if not defined NO_COLOR call :use_colours

if not defined CELERY_APP (
    call :log "%RED%" "CELERY_APP is not set: name the application, such as set CELERY_APP=shop.celery"
    exit /b 3
)
set "PROGRAMS=%*"
if not defined PROGRAMS set "PROGRAMS=worker beat"
for %%p in (%PROGRAMS%) do call :check_program "%%p" || exit /b 3
for %%p in (celery celery-health) do call :check_installed "%%p" || exit /b 3
if not exist "%LOG_DIR%\" mkdir "%LOG_DIR%"
if not exist "%LOG_DIR%\" (
    call :log "%RED%" "LOG_DIR cannot be made: name a folder that can be written."
    exit /b 3
)

call :log "%BLUE%" "Waiting for the broker and the database."
celery-health preflight --wait %PREFLIGHT_SECONDS%
set "CODE=%ERRORLEVEL%"
if not "%CODE%"=="0" (
    call :log "%RED%" "Nothing was started."
    exit /b %CODE%
)

for %%p in (%PROGRAMS%) do call :start_%%p

:watch
timeout /t %HEALTH_SECONDS% /nobreak >nul
call :show_health
goto watch

:start_worker
call :rotate "%LOG_DIR%\celery_worker.log"
rem The pool prefork does not work on Windows.
start "Celery worker" cmd /k celery -A "%CELERY_APP%" worker --pool threads --concurrency %CELERY_CONCURRENCY% --loglevel %CELERY_LOGLEVEL% --logfile "%LOG_DIR%\celery_worker.log" %QUEUES%
call :log "%BLUE%" "Started worker in a window of its own."
exit /b 0

:start_beat
call :rotate "%LOG_DIR%\celery_beat.log"
start "Celery beat" cmd /k celery -A "%CELERY_APP%" beat --loglevel %CELERY_LOGLEVEL% --logfile "%LOG_DIR%\celery_beat.log" --schedule "%LOG_DIR%\celerybeat-schedule" --pidfile=
call :log "%BLUE%" "Started beat in a window of its own."
exit /b 0

:start_flower
rem Flower rotates its file itself.
start "Flower" cmd /k celery -A "%CELERY_APP%" flower --log-file-prefix="%LOG_DIR%\flower.log" --log-file-max-size=%LOG_MAX_BYTES% --log-file-num-backups=5
call :log "%BLUE%" "Started flower in a window of its own."
exit /b 0

:start_monitor
start "Celery monitor" cmd /k celery-monitor -A "%CELERY_APP%"
call :log "%BLUE%" "Started monitor in a window of its own."
exit /b 0

:show_health
rem By a file, because "for /f" over a command loses the exit code.
celery-health -A "%CELERY_APP%" --format summary --timeout %HEALTH_TIMEOUT% >"%LOG_DIR%\health.txt" 2>&1
set "CODE=%ERRORLEVEL%"
set "COLOUR=%RED%"
if "%CODE%"=="0" set "COLOUR=%GREEN%"
if "%CODE%"=="1" set "COLOUR=%YELLOW%"
for /f "usebackq delims=" %%l in ("%LOG_DIR%\health.txt") do (
    set "TEXT=%%l"
    call :log_text "%COLOUR%"
)
exit /b 0

:check_program
for %%n in (worker beat flower monitor) do if "%~1"=="%%n" exit /b 0
call :log "%RED%" "There is no program %~1: use worker, beat, flower or monitor."
exit /b 1

:check_installed
where "%~1" >nul 2>nul && exit /b 0
call :log "%RED%" "%~1 is not installed: pip install celery-operator[cli]"
exit /b 1

:rotate
if not exist "%~1" exit /b 0
if %~z1 LSS %LOG_MAX_BYTES% exit /b 0
for %%n in (4 3 2 1) do call :move_log "%~1" %%n
move /y "%~1" "%~1.1" >nul
exit /b 0

:move_log
set /a NEXT=%2 + 1
if exist "%~1.%2" move /y "%~1.%2" "%~1.%NEXT%" >nul
exit /b 0

:log
rem COLOUR TEXT
set "TEXT=%~2"

:log_text
rem COLOUR, and the text in TEXT. Delayed expansion, because echo would obey an ampersand in the text.
setlocal EnableDelayedExpansion
echo %~1[%DATE% %TIME:~0,8%] !TEXT!%PLAIN%
endlocal
exit /b 0

:use_colours
rem cmd writes the escape character for $E in its prompt.
for /f %%e in ('echo prompt $E ^| cmd') do set "ESC=%%e"
set "RED=%ESC%[31m"
set "GREEN=%ESC%[32m"
set "YELLOW=%ESC%[33m"
set "BLUE=%ESC%[34m"
set "PLAIN=%ESC%[0m"
exit /b 0
