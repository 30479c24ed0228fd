%% A Diameter node of Erlang/OTP: accounting of RFC 6733 and credit control of RFC 4006, strict about the M bit.
%%
%% erl -noshell -pa DIR -run otp_peer main IDENTITY REALM listen IP PORT do REALM acr:N ccr:N
%% erl -noshell -pa DIR -run otp_peer main IDENTITY REALM connect IP PORT do REALM acr:N ccr:N
%% With `tls CERTIFICATE KEY AUTHORITY PEER` before `do` in TLS from the first byte on, with certificates of both sides.
%% Says `ready` when a peer is up, `done COMMAND COUNT` or `failed COMMAND WHY` after each command, and `received COMMAND`
%% for each request that it has answered. Ends with a DPR when its standard input ends.
-module(otp_peer).

-export([main/1]).
-export([peer_up/3, peer_down/3, pick_peer/4, prepare_request/3, prepare_retransmit/3,
         handle_answer/4, handle_error/4, handle_request/3]).

-include_lib("diameter/include/diameter.hrl").

-define(SERVICE, otp_peer).
-define(ANSWER_WITHIN, 15000).

main([Identity, Realm, Role, Ip, Port | Options]) ->
    {ok, _} = application:ensure_all_started(ssl),
    {ok, _} = application:ensure_all_started(diameter),
    {Tls, More} = tls(Role, Options),
    register(told, self()),
    {ok, Address} = inet:parse_address(Ip),
    ok = diameter:start_service(?SERVICE,
        [{'Origin-Host', Identity}, {'Origin-Realm', Realm}, {'Vendor-Id', 0}, {'Product-Name', "OTP"},
         {'Host-IP-Address', [Address]}, {'Acct-Application-Id', [3]}, {'Auth-Application-Id', [4]},
         {restrict_connections, false}, {string_decode, false}, {decode_format, map},
         {application, app(acct, diameter_gen_acct_rfc6733)}, {application, app(credit, credit_control)}]),
    diameter:subscribe(?SERVICE),
    Timers = [{watchdog_timer, 6000}, {connect_timer, 1000}, {strict_mbit, true}],
    Transport = case Role of
        "listen" -> {listen, [{transport_module, diameter_tcp},
                              {transport_config, [{ip, Address}, {port, list_to_integer(Port)}, {reuseaddr, true} | Tls]} | Timers]};
        "connect" -> {connect, [{transport_module, diameter_tcp},
                                {transport_config, [{raddr, Address}, {rport, list_to_integer(Port)} | Tls]} | Timers]}
    end,
    {ok, _} = diameter:add_transport(?SERVICE, Transport),
    say("listening", []),
    spawn_link(fun() -> io:get_line(""), diameter:stop_service(?SERVICE), say("ended", []), halt(0) end),
    receive up -> say("ready", []) end,
    case More of
        ["do", To | Commands] -> [command(To, string:split(Command, ":")) || Command <- Commands];
        _ -> ok
    end,
    receive never -> ok end.

tls(Role, ["tls", Certificate, Key, Authority, Peer | More]) ->
    Side = case Role of
        "listen" -> [{fail_if_no_peer_cert, true}];
        "connect" -> [{server_name_indication, Peer}]
    end,
    % `true` is from the first byte on; with a list it would be negotiated in the capabilities exchange.
    {[{ssl_options, true}, {certfile, Certificate}, {keyfile, Key}, {cacertfile, Authority}, {verify, verify_peer} | Side], More};
tls(_, More) ->
    {[], More}.

app(Alias, Dictionary) ->
    [{alias, Alias}, {dictionary, Dictionary}, {module, ?MODULE}, {answer_errors, callback}].

command(To, [Name, Count]) ->
    try
        [perform(Name, To) || _ <- lists:seq(1, list_to_integer(Count))],
        say("done ~s ~s", [Name, Count])
    catch
        _:Why -> say("failed ~s ~0p", [Name, Why])
    end.

perform("acr", To) ->
    Session = diameter:session_id(origin()),
    [2001 = send(acct, ['ACR', {'Session-Id', Session}, {'Destination-Realm', To},
                        {'Accounting-Record-Type', Type}, {'Accounting-Record-Number', Number},
                        {'Acct-Application-Id', 3}]) || {Type, Number} <- [{2, 0}, {3, 1}, {4, 2}]];
perform("ccr", To) ->
    Session = diameter:session_id(origin()),
    [2001 = send(credit, ['CCR', {'Session-Id', Session}, {'Destination-Realm', To},
                          {'Auth-Application-Id', 4}, {'Service-Context-Id', "32260@3gpp.org"},
                          {'CC-Request-Type', Type}, {'CC-Request-Number', Number},
                          {'Multiple-Services-Credit-Control',
                           [#{'Rating-Group' => 1, 'Requested-Service-Unit' => #{'CC-Time' => 60}}]}])
     || {Type, Number} <- [{1, 0}, {2, 1}, {3, 2}]].

send(App, Request) ->
    case diameter:call(?SERVICE, App, Request, [{timeout, ?ANSWER_WITHIN}]) of
        [_ | #{'Result-Code' := Code}] -> Code;
        Other -> error(Other)
    end.

origin() ->
    [Host] = [H || {'Origin-Host', H} <- [{'Origin-Host', diameter:service_info(?SERVICE, 'Origin-Host')}]],
    Host.

say(Format, Args) ->
    io:format(Format ++ "~n", Args).

%% What the stack calls.

peer_up(_, _, State) -> told ! up, State.
peer_down(_, _, State) -> say("down", []), State.
pick_peer([Peer | _], _, _, _) -> {ok, Peer};
pick_peer([], _, _, _) -> false.

prepare_request(#diameter_packet{msg = [Name | Avps]}, _, {_, Caps}) ->
    #diameter_caps{origin_host = {Host, _}, origin_realm = {Realm, _}} = Caps,
    {send, [Name, {'Origin-Host', Host}, {'Origin-Realm', Realm} | Avps]}.

prepare_retransmit(Packet, _, _) -> {send, Packet}.

handle_answer(#diameter_packet{msg = Msg, errors = []}, _, _, _) -> Msg;
handle_answer(#diameter_packet{errors = Errors}, _, _, _) -> {undecoded, Errors}.

handle_error(Reason, _, _, _) -> {error, Reason}.

handle_request(#diameter_packet{msg = ['ACR' | Request], errors = []}, _, Peer) ->
    #{'Session-Id' := Session, 'Accounting-Record-Type' := Type, 'Accounting-Record-Number' := Number} = Request,
    say("received Accounting", []),
    {reply, ['ACA', {'Session-Id', Session}, {'Result-Code', 2001}, {'Accounting-Record-Type', Type},
             {'Accounting-Record-Number', Number} | ours(Peer)]};
handle_request(#diameter_packet{msg = ['CCR' | Request], errors = []}, _, Peer) ->
    #{'Session-Id' := Session, 'CC-Request-Type' := Type, 'CC-Request-Number' := Number} = Request,
    Services = [maps:merge(maps:with(['Rating-Group'], Service),
                           #{'Granted-Service-Unit' => #{'CC-Time' => 60}, 'Result-Code' => 2001})
                || Service <- maps:get('Multiple-Services-Credit-Control', Request, [])],
    say("received CreditControl", []),
    {reply, ['CCA', {'Session-Id', Session}, {'Result-Code', 2001}, {'Auth-Application-Id', 4},
             {'CC-Request-Type', Type}, {'CC-Request-Number', Number},
             {'Multiple-Services-Credit-Control', Services} | ours(Peer)]};
handle_request(#diameter_packet{errors = Errors}, _, _) ->
    say("refused ~0p", [Errors]),
    {answer_message, 5012}.

ours({_, #diameter_caps{origin_host = {Host, _}, origin_realm = {Realm, _}}}) ->
    [{'Origin-Host', Host}, {'Origin-Realm', Realm}].
