# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Redis with its own client.

versions() { dpkg-query -W redis-server redis-tools; }

servers()
{
    chmod 777 "$work"
    server_bg setpriv --reuid nobody --regid nogroup --clear-groups redis-server --port 6379 --bind 0.0.0.0 --protected-mode no --save '' --dir "$work" --requirepass secret
    server_bg setpriv --reuid nobody --regid nogroup --clear-groups redis-server --port 6380 --bind 10.30.1.80 --save '' --dir "$work"
    wait_tcp 6379
    wait_tcp 6380
}

talk() { client redis-cli -h "$server_ip" "$@" >/dev/null 2>&1 || true; }

case_strings() { printf '%s\n' 'AUTH secret' 'SET city:mayor "花子 Yamada"' 'GET city:mayor' 'INCR visits' 'GET nothing' 'LPUSH queue a b c' 'LRANGE queue 0 -1' 'LPUSH visits x' | talk; }
case_resp3() { printf '%s\n' 'AUTH default secret' 'HSET person name Hanako age 44' 'HGETALL person' 'SMEMBERS none' 'INFO server' | talk -3; }
case_denied() { printf '%s\n' 'GET a' 'AUTH wrong' 'AUTH clerk wrong' 'FLUSHAL' | talk; }
case_protected() { client timeout 2 redis-cli -h "$server_ip" -p 6380 PING >/dev/null 2>&1 || true; }
case_inline() { printf 'PING\r\nAUTH secret\r\nSET note "two words"\r\nget note\r\n\r\nCONFIG SET requirepass secret\r\nQUIT\r\n' | client nc -q 1 "$server_ip" 6379 >/dev/null || true; }
case_messages()
{
    client timeout 2 redis-cli -h "$server_ip" -a secret SUBSCRIBE news alarms >/dev/null 2>&1 &
    local listener=$!
    sleep 0.7
    printf '%s\n' 'AUTH secret' 'PUBLISH news "water is back"' 'PUBLISH alarms pump7' | talk
    wait "$listener" || true
}
case_pipeline() { { printf 'AUTH secret\r\n'; for i in 1 2 3 4 5; do printf 'SET k%d v%d\r\n' "$i" "$i"; done; printf 'EVAL "return {1,{2,3}}" 0\r\n'; } | client redis-cli -h "$server_ip" --pipe >/dev/null 2>&1 || true; }
