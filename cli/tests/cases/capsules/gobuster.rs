//! The capsule gobuster-parse, which needs no policy.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use serde_json::json;

use super::program;
use crate::world::World;

/// What the server says to one request.
fn answer(path: &str) -> &'static str {
    match path {
        "/admin" => "301 Moved\r\nLocation: /admin/ (Status: 200) [Size: 1]\r\nContent-Length: 0",
        "/robots.txt" => "200 OK\r\nContent-Length: 3\r\n\r\nabc",
        "/private" => "403 Forbidden\r\nContent-Length: 0",
        _ => "404 Not Found\r\nContent-Length: 0",
    }
}

fn serve(stream: TcpStream) {
    let mut lines = BufReader::new(&stream).lines();
    let Some(Ok(first)) = lines.next() else {
        return;
    };
    for line in lines.by_ref() {
        if line.is_ok_and(|line| line.is_empty()) {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (head, body) = answer(path)
        .split_once("\r\n\r\n")
        .unwrap_or((answer(path), ""));
    // gobuster may be gone; then the test says so.
    let _ = write!(
        &stream,
        "HTTP/1.1 {head}\r\nConnection: close\r\n\r\n{body}"
    );
}

#[test]
fn gobuster_itself() {
    let Some(gobuster) = program("gobuster") else {
        return;
    };
    let world = World::new();
    world.write("words", "admin\nrobots.txt\nprivate\nnothing\n");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    for quiet in [true, false] {
        let output = Command::new(&gobuster)
            .args(["dir", "-u", &url, "-w", "words"])
            .args(quiet.then_some("-q"))
            .current_dir(world.path(""))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        world.write("found", &output.stdout);
        let found = world
            .tenzik(["run", "gobuster-parse", "--input", "found"])
            .exits(0);
        let found = found.json();
        let mut findings = found["findings"].as_array().unwrap().clone();
        findings.sort_by_key(|finding| finding["path"].to_string());
        let expected = json!([
            { "path": "/admin", "status": 301, "size": 0, "location": "/admin/ (Status: 200) [Size: 1]" },
            { "path": "/private", "status": 403, "size": 0 },
            { "path": "/robots.txt", "status": 200, "size": 3 },
        ]);
        assert_eq!(json!(findings), expected, "{text}");
    }
}
