#!/bin/bash
# The socket belongs to systemd: a caller who connects while lamd restarts waits, and is served.
# shellcheck source=tests/system/inside/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "1,000 requests during 20 restarts: none refused, none cut"
fresh
rm -f /root/answers.* /root/enough
caller() {
    until [ -e /root/enough ] && [ "$(wc -l <"/root/answers.$1")" -ge 250 ]; do
        curl -s --max-time 60 -o /dev/null -w '%{http_code} %{errormsg}\n' --unix-socket /run/lamd/lamd.sock \
            http://lamd/livez >>"/root/answers.$1" || true
    done
}
for number in 1 2 3 4; do
    : >"/root/answers.$number"
    caller "$number" &
done
for _ in {1..20}; do
    asked=$(cat /root/answers.* | wc -l)
    systemctl restart lamd.service
    have_gone_on() {
        [ "$(cat /root/answers.* | wc -l)" -gt $((asked + 10)) ]
    }
    until_true 60 have_gone_on
done
touch /root/enough
wait
good=$(cat /root/answers.* | grep -c '^200 ')
all=$(cat /root/answers.* | wc -l)
echo "$all requests, $((all - good)) refused"
[ "$all" -ge 1000 ] || fail "only $all requests"
[ "$good" = "$all" ] || fail "$(cat /root/answers.* | grep -v '^200 ' | sort | uniq -c)"

step "an answer that runs when the restart comes is finished first"
rm -f /root/answer
curl -sN --max-time 60 --unix-socket /run/lamd/lamd.sock http://lamd/v1/chat/completions \
    -d '{"stream":true,"max_tokens":40,"fake":{"fault":"slow","delay_s":0.1},"messages":[{"role":"user","content":"Hello!"}]}' >/root/answer &
has_begun() {
    [ -s /root/answer ]
}
until_true 30 has_begun
systemctl restart lamd.service
wait
grep -q '^data: \[DONE\]' /root/answer || fail "the answer was cut: $(tail -3 /root/answer)"
