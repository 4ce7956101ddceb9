//! Addresses that are read, and those that are refused in words.

use super::*;

fn lookup(name: &str) -> Option<String> {
    match name {
        "PW" => Some("p@ss/w%20rd".into()),
        "URL" => Some("rtsp://u:${PW}@h/s".into()),
        "HOST" => Some("10.0.0.9".into()),
        _ => None,
    }
}

fn rtsp(text: &str) -> (String, Option<(String, String)>) {
    match read(text, &lookup).expect("an address") {
        Origin::Rtsp { url, credentials } => (url.to_string(), credentials.map(|c| (c.user, c.password))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn addresses_are_read() {
    let pair = |u: &str, p: &str| Some((u.to_owned(), p.to_owned()));
    assert_eq!(rtsp(" rtsp://10.0.0.7:8554/s?a=b@c "), ("rtsp://10.0.0.7:8554/s?a=b@c".into(), None));
    assert_eq!(rtsp("RTSP://a:b@h/s"), ("rtsp://h/s".into(), pair("a", "b")));
    assert_eq!(rtsp("rtsp://a:b@c:d@h/s"), ("rtsp://h/s".into(), pair("a", "b@c:d")));
    assert_eq!(rtsp("rtsp://a%40b:c%2Fd%@[fe80::1]:554/"), ("rtsp://[fe80::1]:554/".into(), pair("a@b", "c/d%")));
    assert_eq!(rtsp("rtsp://a@h"), ("rtsp://h".into(), pair("a", "")));
    assert_eq!(rtsp("rtsp://a:${PW}@${HOST}/s"), ("rtsp://10.0.0.9/s".into(), pair("a", "p@ss/w%20rd")));
    assert_eq!(rtsp("${URL}"), ("rtsp://h/s".into(), pair("u", "${PW}")));
    assert_eq!(read("/srv/yard.mp4", &lookup), Ok(Origin::File("/srv/yard.mp4".into())));
}

#[test]
fn further_schemes_and_devices_are_read() {
    let network = |text: &str| match read(text, &lookup).expect(text) {
        Origin::Network { url, credentials } => (url.to_string(), credentials.map(|c| (c.user, c.password))),
        other => panic!("{other:?}"),
    };
    let pair = |u: &str, p: &str| Some((u.to_owned(), p.to_owned()));
    assert_eq!(network("HTTPS://a:b@Cam.lan/live.m3u8#x"), ("https://cam.lan/live.m3u8".into(), pair("a", "b")));
    assert_eq!(network("http://h:80/mjpg?token=a%26b"), ("http://h/mjpg?token=a%26b".into(), None));
    assert_eq!(network("rtsps://a:${PW}@h/s"), ("rtsps://h/s".into(), pair("a", "p@ss/w%20rd")));
    assert_eq!(network("rtmp://h/live/key"), ("rtmp://h/live/key".into(), None));
    assert_eq!(network("srt://h:9000?mode=caller&latency=100").0, "srt://h:9000?mode=caller&latency=100");
    for text in ["v4l2:/dev/video0", "/dev/video0"] {
        assert_eq!(read(text, &lookup), Ok(Origin::Device("/dev/video0".into())));
    }
    assert_eq!(read("/dev/sda", &lookup), Ok(Origin::File("/dev/sda".into())));
    assert_eq!(usual_port("srt"), None);
}

#[test]
fn wrong_addresses_are_refused_in_words() {
    let cases = [
        ("", "bad_url", "empty"),
        ("10.0.0.7/stream1", "bad_url", "rtsp:// in front"),
        ("10.0.0.7:554/stream1", "bad_url", "rtsp:// in front"),
        ("cam.local:554/stream1", "bad_url", "rtsp:// in front"),
        ("localhost:554/stream1", "bad_url", "rtsp:// in front"),
        ("yard.mp4", "bad_url", "whole path"),
        ("admin:secret@10.0.0.7/stream1", "bad_url", "rtsp:// in front"),
        ("tls://h/s", "bad_scheme", "rtsp, rtsps, http, https, rtmp and srt"),
        ("v4l2:/dev/sda", "bad_url", "v4l2:/dev/video0"),
        ("v4l2:/dev/video0/../sda", "bad_url", "v4l2:/dev/video0"),
        ("srt://h:9000?mode=listener", "bad_url", "mode=caller"),
        ("srt://h/", "bad_url", "port"),
        ("http:///etc", "bad_url", "no host"),
        ("ftp://u:secret@h/s", "bad_scheme", "ftp"),
        ("exec:rm -rf", "bad_scheme", "exec"),
        ("concat:/etc/passwd|x", "bad_scheme", "concat"),
        ("file:///etc/passwd", "bad_scheme", "path itself"),
        ("file:/etc/passwd", "bad_scheme", "path itself"),
        ("demo:", "bad_scheme", "--demo"),
        ("rtsp://", "bad_url", "no host"),
        ("rtsp://u:secret@/s", "bad_url", "no host"),
        ("rtsp://h:99999/", "bad_url", "port"),
        ("rtsp://u:secret/x@h/s", "bad_url", "%2F"),
        ("rtsp://u:${NOPE}@h/s", "bad_url", "NOPE"),
        ("rtsp://u:${secret@h/s", "bad_url", "${NAME}"),
        ("rtsp://h/\u{7}", "bad_url", "control"),
    ];
    for (text, code, words) in cases {
        let error = read(text, &lookup).expect_err(text);
        assert_eq!(error.code(), code, "{text}: {error}");
        assert!(error.to_string().contains(words), "{text}: {error}");
        assert!(!error.to_string().contains("secret@") && !error.to_string().contains("secret/x"), "{error}");
    }
}

#[test]
fn encoding_and_decoding_agree() {
    for user in ["admin", "a@b:c/d", "${X}", "grün %41"] {
        assert_eq!(percent_decode(&encode_user(user)), user);
        assert!(!encode_user(user).contains(['$', '@', ':', '/']));
    }
}
