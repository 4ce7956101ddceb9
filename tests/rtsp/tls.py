#!/usr/bin/python3
"""TLS on 127.0.0.1 in front of a plain server: tls.py PORT. The certificate is made here and signed by itself.

Prints `listening on PORT` when it is ready.
"""
import socket
import ssl
import subprocess
import sys
import tempfile
import threading


def context():
    with tempfile.TemporaryDirectory() as folder:
        pem, key = f"{folder}/cert.pem", f"{folder}/key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=camera",
             "-keyout", key, "-out", pem],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(pem, key)
        return made


def pass_on(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(raw, tls, port):
    try:
        near = tls.wrap_socket(raw, server_side=True)
        far = socket.create_connection(("127.0.0.1", port))
    except OSError:
        raw.close()
        return
    threading.Thread(target=pass_on, args=(near, far), daemon=True).start()
    pass_on(far, near)


def main():
    tls = context()
    listener = socket.create_server(("127.0.0.1", 0))
    print("listening on", listener.getsockname()[1], flush=True)
    while True:
        raw, _ = listener.accept()
        threading.Thread(target=serve, args=(raw, tls, int(sys.argv[1])), daemon=True).start()


if __name__ == "__main__":
    main()
