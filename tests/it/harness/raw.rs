//! AMQP 0-9-1 written byte by byte, for messages that no client library would send.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection with one channel in confirm mode.
pub struct RawPublisher {
    stream: TcpStream,
}

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;

const START: (u16, u16) = (10, 10);
const TUNE: (u16, u16) = (10, 30);
const OPEN_OK: (u16, u16) = (10, 41);
const CHANNEL_OPEN_OK: (u16, u16) = (20, 11);
const CONFIRM_SELECT_OK: (u16, u16) = (85, 11);
const ACK: (u16, u16) = (60, 80);

/// Flags of the properties that are given.
const HEADERS: u16 = 1 << 13;
const DELIVERY_MODE: u16 = 1 << 12;
const MESSAGE_ID: u16 = 1 << 7;

fn short(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

fn long(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

impl RawPublisher {
    /// Logs in to a vhost.
    pub async fn connect(address: &str, user: &str, password: &str, vhost: &str) -> Self {
        let mut raw = Self { stream: TcpStream::connect(address).await.unwrap() };
        raw.stream.write_all(b"AMQP\x00\x00\x09\x01").await.unwrap();
        raw.expect(START).await;
        let login = format!("\0{user}\0{password}");
        raw.method(0, (10, 11), &[&long(b""), &short(b"PLAIN"), &long(login.as_bytes()), &short(b"en_US")]).await;
        raw.expect(TUNE).await;
        raw.method(0, (10, 31), &[&[0, 1], &131_072_u32.to_be_bytes(), &[0, 0]]).await;
        raw.method(0, (10, 40), &[&short(vhost.as_bytes()), &short(b""), &[0]]).await;
        raw.expect(OPEN_OK).await;
        raw.method(1, (20, 10), &[&short(b"")]).await;
        raw.expect(CHANNEL_OPEN_OK).await;
        raw.method(1, (85, 10), &[&[0]]).await;
        raw.expect(CONFIRM_SELECT_OK).await;
        raw
    }

    /// Publishes with one header and any bytes as message id, and waits for the confirm.
    pub async fn publish(&mut self, exchange: &str, key: &str, header: (&str, &str), message_id: &[u8], body: &[u8]) {
        self.method(1, (60, 40), &[&[0, 0], &short(exchange.as_bytes()), &short(key.as_bytes()), &[1]]).await;
        let table = [short(header.0.as_bytes()), b"S".to_vec(), long(header.1.as_bytes())].concat();
        let flags = HEADERS | DELIVERY_MODE | MESSAGE_ID;
        let content = [
            60_u16.to_be_bytes().to_vec(),
            vec![0, 0],
            (body.len() as u64).to_be_bytes().to_vec(),
            flags.to_be_bytes().to_vec(),
            long(&table),
            vec![2],
            short(message_id),
        ];
        self.frame(HEADER, 1, &content.concat()).await;
        self.frame(BODY, 1, body).await;
        self.expect(ACK).await;
    }

    async fn method(&mut self, channel: u16, (class, method): (u16, u16), arguments: &[&[u8]]) {
        let payload = [&class.to_be_bytes(), &method.to_be_bytes(), arguments.concat().as_slice()].concat();
        self.frame(METHOD, channel, &payload).await;
    }

    async fn frame(&mut self, kind: u8, channel: u16, payload: &[u8]) {
        let mut frame = vec![kind];
        frame.extend(channel.to_be_bytes());
        frame.extend(long(payload));
        frame.push(0xce);
        self.stream.write_all(&frame).await.unwrap();
    }

    async fn expect(&mut self, wanted: (u16, u16)) {
        let mut head = [0; 7];
        self.stream.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes(head[3..].try_into().unwrap()) as usize;
        let mut payload = vec![0; length + 1];
        self.stream.read_exact(&mut payload).await.unwrap();
        let number = |at: usize| u16::from_be_bytes([payload[at], payload[at + 1]]);
        assert_eq!((number(0), number(2)), wanted, "{}", String::from_utf8_lossy(&payload));
    }
}
