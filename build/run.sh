#!/bin/sh
# A township office and the laptops of the township and of a village, with the
# sample workbooks, on this one machine: "make run". The first start makes
# them, later ones take what is there.
#   run.sh         start, and open the village's window
#   run.sh stop    end the server and the browser hosts; the data stays
#   run.sh reset   stop, and throw the data away
set -eu
cd "$(dirname "$0")/.."
bin=build/bin
run=$PWD/.run
password=${GRIDBOOK_PASSWORD:-gridbook-demo}

township=330702009 # 新狮街道
village=330702009204 # 沙溪村

office() { GRIDBOOK_DATA="$run/office" "$bin/gridbookd" "$@"; }

laptop() {
	who=$1
	shift
	GRIDBOOK_DATA="$run/$who" GRIDBOOK_PASSWORD="$password" "$bin/gridbook-cli" "$@"
}

# end ends a program that this script started. A process number may belong to
# another program by now: it is ended only if it still runs ours.
end() {
	[ -f "$run/$1.pid" ] || return 0
	pid=$(cat "$run/$1.pid")
	if ps -o args= -p "$pid" 2>/dev/null | grep -q "$bin/gridbook"; then
		kill "$pid" 2>/dev/null || true
		while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
	fi
	rm -f "$run/$1.pid"
}

stop() { for who in web-village web-township office; do end "$who"; done; }

# waitfor prints the first line of a log that matches, or fails with the log.
waitfor() {
	tries=0
	until grep -m 1 -o "$2" "$1" 2>/dev/null; do
		tries=$((tries + 1))
		if [ "$tries" -gt 300 ]; then
			echo "run: 等了 30 秒没有等到，日志如下：" >&2
			cat "$1" >&2
			return 1
		fi
		sleep 0.1
	done
}

serve() {
	end office
	address=127.0.0.1:0
	# Laptops know the address from their invitation: it stays.
	[ ! -f "$run/address" ] || address=$(cat "$run/address")
	: >"$run/office.log"
	GRIDBOOK_DATA="$run/office" nohup "$bin/gridbookd" serve --listen "$address" >"$run/office.log" 2>&1 </dev/null &
	echo $! >"$run/office.pid"
	url=$(waitfor "$run/office.log" 'https://[0-9.:]*')
	echo "${url#https://}" >"$run/address"
	echo "街道服务器：$url"
}

join() {
	invitation=$(office invite --role "$2" --scope "$3" --person "$4" | grep -o 'gridbook1:[^ ]*' | head -n 1)
	laptop "$1" join "$invitation" --device "$5" >/dev/null
}

import() {
	echo "  导入 $2"
	laptop village import "$1" "app/importer/testdata/$2" >/dev/null
}

make_all() {
	rm -rf "$run"
	mkdir -p "$run"
	echo "第一次启动，正在建立演示数据："
	office init --township "$township" --name 新狮街道 >/dev/null
	serve
	join township township "$township" 街道管理员 街道电脑
	join village village "$village" 沙溪村书记 沙溪村电脑
	import grids 沙溪村-网格一览表.xlsx
	import members 沙溪村-红色网格员花名册.xlsx
	import households 沙溪村-住户花名册.xlsx
	import links 沙溪村-红色网格员联系户一览表.xlsx
	import visits 沙溪村-走访记录2024.xlsx
	laptop village sync >/dev/null
	laptop township sync >/dev/null
	echo "  沙溪村已上传，街道已收到。"
	touch "$run/ready"
}

# web serves a laptop's screens and prints their address.
web() {
	end "web-$1"
	: >"$run/web-$1.log"
	GRIDBOOK_DATA="$run/$1" nohup "$bin/gridbook-cli" web >"$run/web-$1.log" 2>&1 </dev/null &
	echo $! >"$run/web-$1.pid"
	waitfor "$run/web-$1.log" 'http://127.0.0.1:[0-9]*/?token=[0-9a-f]*'
}

explain() {
	echo
	echo "打开网格簿用的演示密码：$password"
	echo "停止：make stop    清除演示数据：make reset"
}

case "${1:-}" in
stop)
	stop
	echo "已停止，演示数据还在。"
	exit 0
	;;
reset)
	stop
	rm -rf "$run"
	echo "已停止，演示数据已清除。"
	exit 0
	;;
"") ;;
*)
	echo "usage: run.sh [stop|reset]" >&2
	exit 2
	;;
esac

if [ -f "$run/ready" ]; then
	serve
else
	stop
	make_all
fi

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
	explain
	echo "街道的窗口：GRIDBOOK_DATA=.run/township $bin/gridbook"
	GRIDBOOK_DATA="$run/village" exec "$bin/gridbook"
fi
echo
echo "没有显示器。请在这台电脑的浏览器里打开（每个网址只能用一次，重新 make run 会换新的）："
echo "  沙溪村：$(web village)"
echo "  街道：  $(web township)"
explain
