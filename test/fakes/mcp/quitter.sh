# A server over stdio that starts in no time, and ends in the middle of each call. For many connections one after the other.
while read -r line; do
	id=${line#*'"id":'}
	id=${id%%[,\}]*}
	case $line in
	*'"method":"initialize"'*)
		version=${line#*'"protocolVersion":"'}
		result="{\"protocolVersion\":\"${version%%\"*}\",\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"quitter\",\"version\":\"1\"}}" ;;
	*'"method":"tools/list"'*) result='{"tools":[{"name":"work","inputSchema":{"type":"object"}}]}' ;;
	*'"method":"tools/call"'*)
		echo "pid $$" >&2
		exit 9 ;;
	*) continue ;;
	esac
	echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":$result}"
done
