# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Syslog: logger writes to rsyslog over UDP and TCP, in both forms and both framings.

versions() { rsyslogd -v | head -n 1; logger --version; }

servers()
{
    printf 'module(load="imudp")\nmodule(load="imtcp")\ninput(type="imudp" port="514")\ninput(type="imtcp" port="514")\n*.* action(type="omfile" file="%s/messages")\n' "$work" >"$work/rsyslog.conf"
    server_bg rsyslogd -n -f "$work/rsyslog.conf" -i "$work/rsyslog.pid"
    wait_tcp 514
}

say() { client timeout 3 logger -n "$server_ip" "$@" || true; }

case_udp()
{
    say -d --rfc3164 -p auth.notice -t sshd -i 'Accepted password for tanaka'
    say -d --rfc5424 -p local7.err -t app --msgid LOGIN '窓口システム started'
}
case_tcp()
{
    say -T -P 514 --rfc3164 -p cron.info -t cron 'job done'
    say -T -P 514 --rfc5424 --octet-count -p daemon.warning -t ntpd 'clock stepped'
}
