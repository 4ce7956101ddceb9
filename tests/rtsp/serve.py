#!/usr/bin/python3
"""A real RTSP camera on 127.0.0.1 for the tests (GStreamer's RTSP server; run with the system's /usr/bin/python3).

    serve.py [--user U --password P [--auth digest|basic]] [--protocols tcp,udp] [--drop-after S] MOUNT=SOURCE...

SOURCE is one of
    test[:h264|h265][+aac]    a live 640x360 pattern at 25 fps with a key frame every second
    end:SECONDS               the same, and the stream ends after SECONDS
    launch:PIPELINE           any pipeline with payloaders named pay0, pay1
    FILE[:h264|h265][+aac]    the file's own codecs, sent once (MP4, MOV, MKV)
The port is free and chosen by the system: prints `listening on PORT` when it is ready.
"""
import argparse

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
gi.require_version("GstRtsp", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

PAY = {
    "h264": "h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96",
    "h265": "h265parse config-interval=-1 ! rtph265pay name=pay0 pt=96",
    "aac": "aacparse ! rtpmp4gpay name=pay1 pt=97",
}
ENCODE = {
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast bitrate=1000 key-int-max=25",
    "h265": "x265enc tune=zerolatency speed-preset=ultrafast bitrate=1000 key-int-max=25",
    "aac": "audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=1 ! avenc_aac",
}


def split(source):
    """FILE:h264+aac -> (FILE, h264, aac)"""
    audio = None
    if source.endswith("+aac"):
        source, audio = source[: -len("+aac")], "aac"
    for name in ("h264", "h265"):
        if source.endswith(":" + name):
            return source[: -len(name) - 1], name, audio
    return source, "h264", audio


def pattern(video, audio, seconds=0):
    frames = f"num-buffers={int(seconds * 25)}" if seconds else ""
    picture = f"videotestsrc is-live=true pattern=ball {frames} ! video/x-raw,width=640,height=360,framerate=25/1,format=I420"
    out = f"{picture} ! {ENCODE[video]} ! {PAY[video]}"
    if audio:
        out += f" audiotestsrc is-live=true wave=ticks ! {ENCODE[audio]} ! {PAY[audio]}"
    return f"( {out} )"


def recorded(path, video, audio):
    demux = "qtdemux" if path.lower().endswith((".mp4", ".mov")) else "matroskademux"
    out = f'filesrc location="{path}" ! {demux} name=d d.video_0 ! queue ! {PAY[video]}'
    if audio:
        out += f" d.audio_0 ! queue ! {PAY[audio]}"
    return f"( {out} )"


def launch(source):
    if source.startswith("launch:"):
        return f"( {source[len('launch:'):]} )"
    if source.startswith("end:"):
        return pattern("h264", None, float(source[len("end:"):]))
    path, video, audio = split(source)
    return pattern(video, audio) if path == "test" else recorded(path, video, audio)


def protect(server, user, password, method):
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    if method == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)


def allow_user(factory):
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("user", "media.factory.access", True)
    permissions.add_permission_for_role("user", "media.factory.construct", True)
    factory.set_permissions(permissions)


def drop_every(server, seconds):
    def drop():
        server.client_filter(lambda _server, _client: GstRtspServer.RTSPFilterResult.REMOVE)
        print("dropped all clients", flush=True)
        return True

    GLib.timeout_add(int(seconds * 1000), drop)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--auth", choices=["digest", "basic"], default="digest")
    parser.add_argument("--protocols", default="tcp,udp")
    parser.add_argument("--drop-after", type=float, default=0, help="every S seconds all clients are closed")
    parser.add_argument("mounts", nargs="+")
    return parser.parse_args()


def main():
    args = options()
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service("0")
    transports = {"tcp": GstRtsp.RTSPLowerTrans.TCP, "udp": GstRtsp.RTSPLowerTrans.UDP}
    protocols = GstRtsp.RTSPLowerTrans(sum(int(transports[p]) for p in args.protocols.split(",")))
    for mount in args.mounts:
        name, source = mount.split("=", 1)
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(launch(source))
        factory.set_protocols(protocols)
        if args.user:
            allow_user(factory)
        server.get_mount_points().add_factory("/" + name, factory)
    if args.user:
        protect(server, args.user, args.password, args.auth)
    if server.attach(None) == 0:
        raise SystemExit("cannot listen on 127.0.0.1")
    if args.drop_after:
        drop_every(server, args.drop_after)
    print("listening on", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
