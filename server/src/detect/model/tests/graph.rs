//! Writes tiny ONNX files: a graph whose outputs are numbers that a test chose. Protocol buffers by hand; the field numbers are those
//! of onnx.proto3.

/// A message's bytes.
#[derive(Clone, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn number(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3);
        self.varint(value.cast_unsigned());
        self
    }

    fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    fn message(self, field: u64, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }
}

/// The number of 32-bit floats in onnx.proto3.
const FLOAT: i64 = 1;

/// ValueInfoProto: a side of -1 is left open.
fn value(name: &str, kind: i64, shape: &[i64]) -> Message {
    let side = |shape: Message, side: &i64| {
        let dimension =
            if *side < 0 { Message::default().text(2, "open") } else { Message::default().number(1, *side) };
        shape.message(1, &dimension)
    };
    let shape = shape.iter().fold(Message::default(), side);
    let tensor = Message::default().number(1, kind).message(2, &shape);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}

fn tensor(name: &str, shape: &[i64], numbers: &[f32]) -> Message {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let sides = shape.iter().fold(Message::default(), |tensor, side| tensor.number(1, *side));
    sides.number(2, FLOAT).text(8, name).bytes(9, &bytes)
}

fn node(kind: &str, inputs: &[&str], output: &str) -> Message {
    let inputs = inputs.iter().fold(Message::default(), |node, input| node.text(1, input));
    inputs.text(2, output).text(4, kind)
}

/// A graph to be written.
#[derive(Clone)]
pub(super) struct Graph {
    input: Vec<i64>,
    kind: i64,
    body: Message,
    metadata: Vec<(String, String)>,
    opset: i64,
    batch: i64,
}

impl Graph {
    /// One that takes pictures of this shape.
    pub(super) fn new(input: [i64; 4]) -> Self {
        let (body, metadata) = (Message::default(), Vec::new());
        Self { batch: input[0], input: input.into(), kind: FLOAT, body, metadata, opset: 12 }
    }

    /// Says something about itself.
    pub(super) fn metadata(mut self, key: &str, value: &str) -> Self {
        self.metadata.push((key.into(), value.into()));
        self
    }

    /// Needs these operators.
    pub(super) fn opset(mut self, opset: i64) -> Self {
        self.opset = opset;
        self
    }

    /// Takes numbers of another kind, by its number in onnx.proto3.
    pub(super) fn kind(mut self, kind: i64) -> Self {
        self.kind = kind;
        self
    }

    /// Gives these numbers, whatever it is shown.
    pub(super) fn output(mut self, name: &str, shape: &[i64], numbers: &[f32]) -> Self {
        let held = format!("{name}_numbers");
        self.body = self
            .body
            .message(5, &tensor(&held, shape, numbers))
            .message(1, &node("Identity", &[&held], name))
            .message(12, &value(name, FLOAT, shape));
        self
    }

    /// Gives `numbers` for each picture, with the mean of that picture added where `mask` is 1: so that it is seen which answer
    /// belongs to which picture.
    pub(super) fn output_by_picture(mut self, name: &str, shape: [i64; 2], numbers: &[f32], mask: &[f32]) -> Self {
        let [rows, columns] = shape;
        let axes = Message::default().text(1, "axes").number(8, 1).number(20, 7);
        let keep = Message::default().text(1, "keepdims").number(3, 0).number(20, 2);
        let mean = node("ReduceMean", &["pooled"], "mean").message(5, &axes).message(5, &keep);
        self.body = self
            .body
            .message(5, &tensor("numbers", &[1, rows, columns], numbers))
            .message(5, &tensor("mask", &[1, rows, columns], mask))
            .message(1, &node("GlobalAveragePool", &["images"], "pooled"))
            .message(1, &mean)
            .message(1, &node("Mul", &["mean", "mask"], "masked"))
            .message(1, &node("Add", &["numbers", "masked"], name))
            .message(12, &value(name, FLOAT, &[self.batch, rows, columns]));
        self
    }

    /// The file.
    pub(super) fn written(&self) -> Vec<u8> {
        let graph = self.body.clone().text(2, "tiny").message(11, &value("images", self.kind, &self.input));
        let opset = Message::default().text(1, "").number(2, self.opset);
        let mut model = Message::default().number(1, 7).message(7, &graph).message(8, &opset);
        for (key, value) in &self.metadata {
            model = model.message(14, &Message::default().text(1, key).text(2, value));
        }
        model.0
    }
}
