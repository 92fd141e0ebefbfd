# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# MySQL's protocol: MariaDB's server with its own client and PyMySQL.

versions() { dpkg-query -W mariadb-server mariadb-client python3-pymysql; }

servers()
{
    local data=$work/mysql
    mkdir "$data"
    chown mysql "$data"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/db.key" -out "$work/db.pem" -subj '/O=Sample City/CN=db.city.example' -days 365 2>/dev/null
    chown mysql "$work/db.key"
    mariadb-install-db --no-defaults --user=mysql --datadir="$data" --auth-root-authentication-method=normal --skip-test-db >"$work/install.log" 2>&1
    cat >"$work/first.sql" <<'SQL'
CREATE DATABASE city;
CREATE USER clerk IDENTIFIED BY 'secret';
GRANT ALL ON city.* TO clerk;
CREATE TABLE city.people (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40));
SQL
    server_bg mariadbd --no-defaults --user=mysql --datadir="$data" --socket="$data/sock" --pid-file="$data/pid" --bind-address=0.0.0.0 \
        --skip-name-resolve --ssl-cert="$work/db.pem" --ssl-key="$work/db.key" --init-file="$work/first.sql" --local-infile=1
    wait_tcp 3306
    sleep 2
}

sql() { client mariadb --no-defaults -h "$server_ip" -u clerk -psecret city "$@" 2>&1 || true; }

case_select() { sql --skip-ssl -e 'SELECT seq, REPEAT("市", 20) FROM seq_1_to_300; SELECT 1 WHERE 0' >/dev/null; }
case_change() { sql --skip-ssl -e 'INSERT INTO people (name) VALUES ("Hanako"), ("Taro"); UPDATE people SET name = "Jiro" WHERE id = 2; DELETE FROM people; USE information_schema' >/dev/null; }
case_error() { sql --skip-ssl -f -e 'SELEC 1; SELECT * FROM nothing; DROP TABLE mysql.user' >/dev/null; }
case_denied() { client mariadb --no-defaults -h "$server_ip" -u root2 -pwrong --skip-ssl -e 'SELECT 1' >/dev/null 2>&1 || true; }
case_tls() { sql --ssl -e 'SELECT 1' >/dev/null; }
case_compressed() { sql --skip-ssl --compress -e 'SELECT 1' >/dev/null; }
case_infile()
{
    seq 1 2000 | sed 's/^/citizen /' >"$work/people.txt"
    sql --skip-ssl --local-infile=1 -e "LOAD DATA LOCAL INFILE '$work/people.txt' INTO TABLE people (name)" >/dev/null
}
case_python()
{
    client /usr/bin/python3 - "$server_ip" <<'PYTHON'
import sys
import pymysql
link = pymysql.connect(host=sys.argv[1], user="clerk", password="secret", database="city", program_name="ledger",
                       client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
with link.cursor() as cursor:
    cursor.execute("SELECT 1; SELECT 2 UNION SELECT 3; INSERT INTO people (name) VALUES ('Saburo')")
    while cursor.nextset():
        pass
    cursor.execute("SELECT '" + "x" * 5000 + "'")
link.ping()
link.select_db("information_schema")
link.close()
PYTHON
}
