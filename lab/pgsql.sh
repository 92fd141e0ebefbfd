# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL's server with psql and pgbench.

versions() { dpkg-query -W postgresql-15 postgresql-client-15; }

bin=/usr/lib/postgresql/15/bin

servers()
{
    local data=$work/pgsql
    mkdir "$data"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/db.key" -out "$work/db.pem" -subj '/O=Sample City/CN=db.city.example' -days 365 2>/dev/null
    chown postgres "$data" "$work/db.key"
    runuser -u postgres -- "$bin/initdb" -D "$data" -E UTF8 --locale=C.UTF-8 -A trust >"$work/initdb.log"
    cat >"$data/pg_hba.conf" <<CONF
local all all trust
host all plain all password
host all hashed all md5
host all all all scram-sha-256
CONF
    server_bg runuser -u postgres -- "$bin/postgres" -D "$data" -c listen_addresses='*' -c unix_socket_directories="$data" -c ssl=on \
        -c ssl_cert_file="$work/db.pem" -c ssl_key_file="$work/db.key"
    wait_tcp 5432
    sleep 1
    runuser -u postgres -- psql -q -h "$data" -d postgres <<'SQL'
CREATE DATABASE city;
CREATE ROLE clerk LOGIN SUPERUSER PASSWORD 'secret';
CREATE ROLE plain LOGIN PASSWORD 'secret';
SET password_encryption = 'md5';
CREATE ROLE hashed LOGIN PASSWORD 'secret';
\c city
CREATE TABLE people (id serial PRIMARY KEY, name text NOT NULL);
SQL
}

sql()  # USER OPTIONS...
{
    local user=$1
    shift
    client env PGPASSWORD=secret PGSSLMODE="${mode:-disable}" PGGSSENCMODE=disable psql -X -h "$server_ip" -d city -U "$user" "$@" >/dev/null 2>&1 || true
}

case_select() { sql clerk -c 'SELECT 1 AS one, repeat($$市$$, 10)' -c 'SELECT generate_series(1, 200)'; }
case_several() { sql clerk -c 'BEGIN; INSERT INTO people (name) VALUES ($$Hanako$$), ($$Taro$$); SELECT * FROM people; ROLLBACK'; }
case_error() { sql clerk -c 'SELEC 1' -c 'INSERT INTO people (name) VALUES (NULL)' -c 'SELECT 1/0'; }
case_password() { sql plain -c 'SELECT 1'; }
case_md5() { sql hashed -c 'SELECT * FROM people'; }
case_denied() { client env PGPASSWORD=wrong PGSSLMODE=disable PGGSSENCMODE=disable psql -X -h "$server_ip" -d city -U clerk -c 'SELECT 1' >/dev/null 2>&1 || true; }
case_tls() { mode=require sql clerk -c 'SELECT 1'; }
case_copy() { sql clerk -c "COPY people (name) FROM PROGRAM 'echo x'" -c 'COPY (SELECT generate_series(1, 50)) TO STDOUT' -c "\\copy people (name) from /etc/hostname" -c 'COPY people (name) FROM STDIN'; }
case_cancel()
{
    client env PGPASSWORD=secret PGSSLMODE=disable PGGSSENCMODE=disable timeout -s INT 1 psql -X -h "$server_ip" -d city -U clerk -c 'SELECT pg_sleep(9)' >/dev/null 2>&1 || true
}
case_extended()
{
    printf '%s\n' '\set n random(1, 9)' 'SELECT :n + 1, $$water$$;' 'SELECT count(*) FROM people WHERE id < :n;' >"$work/bench.sql"
    client env PGPASSWORD=secret PGSSLMODE=disable PGGSSENCMODE=disable "$bin/pgbench" -n -h "$server_ip" -U clerk -M prepared -t 2 --random-seed=1 -f "$work/bench.sql" city >/dev/null 2>&1 || true
}
