//! The corners of each operation: small kernels of a few lines, and what they must leave in memory.

use super::{Grid, Refusal, Region, Space, Wrong, parse, run};

/// Where the tests' one allocation is.
const MEMORY: u64 = 1 << 56;

/// Runs lines as a kernel of `threads` threads, which find their memory in `%rd1` and their number in `%r1`.
fn run_on(lines: &str, threads: u32, memory: &mut [u8]) -> Result<(), (Wrong, String)> {
    let text = format!(
        ".version 6.0\n.target sm_52\n.address_size 64\n.visible .entry kernel(.param .u64 memory)\n{{\n\
         .reg .pred %p<9>; .reg .b16 %rs<9>; .reg .b32 %r<20>; .reg .f32 %f<9>; .reg .b64 %rd<9>;\n\
         ld.param.u64 %rd1, [memory];\nmov.u32 %r1, %tid.x;\n{lines}\nret;\n}}"
    );
    let kernels = parse(&text, false).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    let region = Region { address: MEMORY, size: memory.len() as u64, bytes: memory.as_mut_ptr(), host: false };
    // SAFETY: the memory outlives the launch.
    let space = unsafe { Space::new(vec![region]) };
    let grid = Grid { blocks: [1, 1, 1], threads: [threads, 1, 1] };
    run(&kernels[0], grid, &MEMORY.to_le_bytes(), &space).map_err(|fault| (fault.wrong, fault.words))
}

/// What one thread's lines leave in `%r2`.
fn number(lines: &str) -> u32 {
    let mut memory = [0; 8];
    run_on(&format!("{lines}\nst.global.u32 [%rd1], %r2;"), 1, &mut memory).expect("it runs");
    u32::from_le_bytes(memory[..4].try_into().expect("four bytes"))
}

/// What one thread's lines leave in `%rd2`.
fn wide(lines: &str) -> u64 {
    let mut memory = [0; 8];
    run_on(&format!("{lines}\nst.global.u64 [%rd1], %rd2;"), 1, &mut memory).expect("it runs");
    u64::from_le_bytes(memory)
}

/// What one thread's lines leave in `%f2`.
fn float(lines: &str) -> f32 {
    f32::from_bits(bits(lines))
}

fn bits(lines: &str) -> u32 {
    number(&format!("{lines}\nmov.b32 %r2, %f2;"))
}

/// Whether one thread's lines leave `%p1` true.
fn truth(lines: &str) -> bool {
    number(&format!("{lines}\nselp.b32 %r2, 1, 0, %p1;")) == 1
}

fn written(value: f32) -> String {
    format!("0f{:08X}", value.to_bits())
}

fn refusal(lines: &str) -> Refusal {
    let head = ".version 6.0\n.target sm_52\n.address_size 64\n";
    parse(&format!("{head}{lines}"), false).expect_err("it is refused")
}

/// A kernel around one line, the fifth, that must not be taken.
fn refused(line: &str) -> String {
    let registers = ".reg .pred %p<9>; .reg .b16 %rs<9>; .reg .b32 %r<9>; .reg .f32 %f<9>; .reg .b64 %rd<9>;";
    let refusal = refusal(&format!(".visible .entry kernel(.param .u64 memory) {{ {registers}\n{line}\n}}"));
    assert_eq!(refusal.line, 5, "{line}: {refusal:?}");
    refusal.what
}

#[test]
fn floats_become_whole_numbers_by_their_rounding_and_stop_at_the_ends() {
    let convert = |how: &str, value: f32| number(&format!("cvt.{how} %r2, {};", written(value))).cast_signed();
    for (value, nearest, zero, down, up) in [
        (2.5_f32, 2, 2, 2, 3),
        (3.5, 4, 3, 3, 4),
        (-2.5, -2, -2, -3, -2),
        (-0.5, 0, 0, -1, 0),
        (0.499_999_97, 0, 0, 0, 1),
    ] {
        let ways = ["rni", "rzi", "rmi", "rpi"].map(|way| convert(&format!("{way}.s32.f32"), value));
        assert_eq!(ways, [nearest, zero, down, up], "{value} to a number");
        let ways =
            ["rni", "rzi", "rmi", "rpi"].map(|way| float(&format!("cvt.{way}.f32.f32 %f2, {};", written(value))));
        assert_eq!(ways, [nearest, zero, down, up].map(|whole| whole as f32), "{value} to a float");
    }
    assert_eq!(convert("rzi.s32.f32", 3e9), i32::MAX);
    assert_eq!(convert("rzi.s32.f32", -3e9), i32::MIN);
    assert_eq!(convert("rzi.s32.f32", f32::NAN), 0);
    assert_eq!(convert("rzi.u32.f32", -1.0), 0);
    assert_eq!(convert("rzi.u32.f32", 5e9).cast_unsigned(), u32::MAX);
    assert_eq!(convert("rzi.u8.f32", 300.0), 255);
    assert_eq!(convert("rni.s8.f32", -300.0), -128);
    assert_eq!(bits(&format!("cvt.rmi.f32.f32 %f2, {};", written(-0.0))), 1 << 31, "a zero keeps its sign");
}

#[test]
fn whole_numbers_change_their_width() {
    assert_eq!(number("mov.u32 %r3, 0x1ff; cvt.u8.u32 %r2, %r3;"), 0xff);
    assert_eq!(number("mov.u32 %r3, 0x1ff; cvt.s8.s32 %r2, %r3;"), u32::MAX);
    assert_eq!(number("mov.u32 %r3, 0x12345; cvt.u16.u32 %rs1, %r3; cvt.u32.u16 %r2, %rs1;"), 0x2345);
    assert_eq!(number("mov.u32 %r3, 0x18765; cvt.u16.u32 %rs1, %r3; cvt.s32.s16 %r2, %rs1;"), 0xffff_8765);
    assert_eq!(number("mov.u32 %r3, 0x80; cvt.s16.s8 %rs1, %r3; cvt.u32.u16 %r2, %rs1;"), 0xff80);
    assert_eq!(wide("mov.u32 %r3, -2; cvt.s64.s32 %rd2, %r3;"), (-2_i64).cast_unsigned());
    assert_eq!(wide("mov.u32 %r3, -2; cvt.u64.u32 %rd2, %r3;"), 0xffff_fffe);
    assert_eq!(number("mov.u64 %rd3, 0x123456789; cvt.u32.u64 %r2, %rd3;"), 0x2345_6789);
    assert_eq!(number("mov.u32 %r3, 300; cvt.sat.u8.u32 %r2, %r3;"), 255);
    assert_eq!(number("mov.u32 %r3, -5; cvt.sat.u8.s32 %r2, %r3;"), 0);
    assert_eq!(number("mov.u32 %r3, -500; cvt.sat.s8.s32 %r2, %r3;").cast_signed(), -128);
    assert_eq!(float("mov.u32 %r3, 16777217; cvt.rn.f32.s32 %f2, %r3;"), 16_777_216.0, "to the even one");
    assert_eq!(float("mov.u32 %r3, -1; cvt.rn.f32.u32 %f2, %r3;"), 4_294_967_296.0);
    assert_eq!(float("mov.u32 %r3, 0x1ffff; cvt.u16.u32 %rs1, %r3; cvt.rn.f32.u16 %f2, %rs1;"), 65_535.0);
    assert_eq!(float("mov.u64 %rd3, -3; cvt.rn.f32.s64 %f2, %rd3;"), -3.0);
    assert_eq!(float(&format!("cvt.sat.f32.f32 %f2, {};", written(-0.5))), 0.0);
    assert_eq!(float(&format!("cvt.sat.f32.f32 %f2, {};", written(f32::NAN))), 0.0);
    assert_eq!(float(&format!("cvt.sat.f32.f32 %f2, {};", written(7.0))), 1.0);
}

#[test]
fn halves_are_rounded_to_the_nearest_and_of_two_to_the_even_one() {
    let half = |value: f32| number(&format!("cvt.rn.f16.f32 %rs1, {}; cvt.u32.u16 %r2, %rs1;", written(value)));
    for (value, expected) in [
        (1.0_f32, 0x3c00),
        (-2.0, 0xc000),
        (1.0 + 1.0 / 2048.0, 0x3c00),
        (1.0 + 3.0 / 2048.0, 0x3c02),
        (65_519.996, 0x7bff),
        (65_520.0, 0x7c00),
        (-1e9, 0xfc00),
        (5.960_464_5e-8, 1),
        (2.980_232_2e-8, 0),
        (8.940_697e-8, 2),
        (6.103_515_6e-5, 0x0400),
        (-0.0, 0x8000),
        (f32::NAN, 0x7fff),
    ] {
        assert_eq!(half(value), expected, "{value}");
    }
    for half in [0_u32, 1, 0x3ff, 0x400, 0x3c00, 0x7bff, 0x8001, 0xfbff] {
        let there = format!("mov.u32 %r3, {half}; cvt.u16.u32 %rs1, %r3; cvt.f32.f16 %f1, %rs1;");
        assert_eq!(number(&format!("{there} cvt.rn.f16.f32 %rs2, %f1; cvt.u32.u16 %r2, %rs2;")), half);
    }
}

#[test]
fn shifts_by_more_than_there_is_leave_nothing_or_the_sign() {
    for (by, left, right, signed) in [
        (31, 1_u32 << 31, 1_u32, u32::MAX),
        (32, 0, 0, u32::MAX),
        (255, 0, 0, u32::MAX),
        (0, 0x8000_0001, 0x8000_0001, 0x8000_0001),
    ] {
        let shift = |how: &str| number(&format!("mov.u32 %r3, 0x80000001; mov.u32 %r4, {by}; {how} %r2, %r3, %r4;"));
        assert_eq!([shift("shl.b32"), shift("shr.u32"), shift("shr.s32")], [left, right, signed], "by {by}");
    }
    let shift = |how: &str, by: u32| wide(&format!("mov.u64 %rd3, 0x8000000000000001; {how} %rd2, %rd3, {by};"));
    assert_eq!([shift("shl.b64", 63), shift("shl.b64", 64), shift("shr.u64", 64)], [1 << 63, 0, 0]);
    assert_eq!([shift("shr.s64", 64), shift("shr.s64", 63)], [u64::MAX; 2]);
    let short = |how: &str| {
        number(&format!("mov.u32 %r3, 0x8001; cvt.u16.u32 %rs1, %r3; {how} %rs2, %rs1, 4; cvt.u32.u16 %r2, %rs2;"))
    };
    assert_eq!([short("shl.b16"), short("shr.u16"), short("shr.s16")], [0x10, 0x800, 0xf800]);
}

#[test]
fn division_and_its_rest_go_towards_zero() {
    let divide =
        |how: &str, a: i32, b: i32| number(&format!("mov.u32 %r3, {a}; mov.u32 %r4, {b}; {how} %r2, %r3, %r4;"));
    for (a, b, quotient, rest) in [(7, 2, 3, 1), (-7, 2, -3, -1), (7, -2, -3, 1), (i32::MIN, -1, i32::MIN, 0)] {
        let both = [divide("div.s32", a, b), divide("rem.s32", a, b)].map(u32::cast_signed);
        assert_eq!(both, [quotient, rest], "{a} by {b}");
    }
    assert_eq!([divide("div.u32", -1, 2), divide("rem.u32", -1, 2)], [0x7fff_ffff, 1]);
    assert_eq!([divide("div.u32", 5, 0), divide("rem.u32", 5, 0)], [u32::MAX, 5], "no trap");
    assert_eq!(wide("mov.u64 %rd3, -9; div.s64 %rd2, %rd3, 2;").cast_signed(), -4);
}

#[test]
fn comparisons_know_signs_and_what_is_no_number() {
    let whole = |how: &str| truth(&format!("mov.u32 %r3, -1; mov.u32 %r4, 1; setp.{how} %p1, %r3, %r4;"));
    assert_eq!(
        ["lt.s32", "lt.u32", "gt.u32", "le.s32", "ge.s32", "ne.s32", "eq.s32"].map(whole),
        [true, false, true, true, false, true, false]
    );
    let of = |how: &str, a: f32, b: f32| truth(&format!("setp.{how}.f32 %p1, {}, {};", written(a), written(b)));
    let tests = ["eq", "ne", "lt", "le", "gt", "ge"];
    assert_eq!(tests.map(|how| of(how, 1.0, 2.0)), [false, true, true, true, false, false]);
    assert_eq!(tests.map(|how| of(how, 0.0, -0.0)), [true, false, false, true, false, true]);
    assert_eq!(tests.map(|how| of(how, f32::NAN, 2.0)), [false; 6]);
    let either = ["equ", "neu", "ltu", "leu", "gtu", "geu"];
    assert_eq!(either.map(|how| of(how, 2.0, f32::NAN)), [true; 6]);
    assert_eq!(either.map(|how| of(how, 1.0, 2.0)), [false, true, true, true, false, false]);
    assert_eq!(["num", "nan"].map(|how| of(how, 1.0, f32::NAN)), [false, true]);
    assert!(truth("mov.u64 %rd3, -1; mov.u64 %rd4, 1; setp.lt.s64 %p1, %rd3, %rd4;"));
    assert!(truth("mov.u32 %r3, 0x8000; cvt.u16.u32 %rs1, %r3; mov.u16 %rs2, 1; setp.lt.s16 %p1, %rs1, %rs2;"));
    assert!(truth("mov.pred %p2, 0; not.pred %p1, %p2;"));
    assert!(!truth("mov.pred %p2, -1; mov.pred %p3, 0; and.pred %p1, %p2, %p3;"));
    assert_eq!(float("mov.pred %p1, 0; selp.f32 %f2, 0f3F800000, 0f40000000, %p1;"), 2.0);
}

#[test]
fn products_are_whole_or_of_one_half() {
    let of = |how: &str| format!("mov.u32 %r3, -2; mov.u32 %r4, 3; {how}");
    assert_eq!(number(&of("mul.lo.s32 %r2, %r3, %r4;")).cast_signed(), -6);
    assert_eq!(number(&of("mul.hi.u32 %r2, %r3, %r4;")), 2);
    assert_eq!(number(&of("mul.hi.s32 %r2, %r3, %r4;")).cast_signed(), -1);
    assert_eq!(wide(&of("mul.wide.s32 %rd2, %r3, %r4;")).cast_signed(), -6);
    assert_eq!(wide(&of("mul.wide.u32 %rd2, %r3, %r4;")), 0x2_ffff_fffa);
    assert_eq!(number(&of("mad.lo.s32 %r2, %r3, %r4, %r4;")).cast_signed(), -3);
    assert_eq!(number(&of("mad.hi.u32 %r2, %r3, %r4, %r4;")), 5);
    assert_eq!(wide(&of("mov.u64 %rd3, 10; mad.wide.s32 %rd2, %r3, %r4, %rd3;")), 4);
    assert_eq!(wide("mov.u64 %rd3, 0x100000001; mul.lo.s64 %rd2, %rd3, %rd3;"), 0x2_0000_0001);
    let short = "mov.u32 %r3, 0xfffe; cvt.u16.u32 %rs1, %r3;";
    assert_eq!(number(&format!("{short} mul.wide.s16 %r2, %rs1, %rs1;")), 4);
    assert_eq!(number(&format!("{short} mul.wide.u16 %r2, %rs1, %rs1;")), 0xfffc_0004);
    assert_eq!(number(&format!("{short} mul.lo.s16 %rs2, %rs1, 3; cvt.u32.u16 %r2, %rs2;")), 0xfffa);
    assert_eq!(number("mov.u32 %r3, 0x12345678; bfe.u32 %r2, %r3, 8, 8;"), 0x56);
    assert_eq!(number("mov.u32 %r3, 0x12348678; bfe.s32 %r2, %r3, 8, 8;"), 0xffff_ff86);
    assert_eq!(number("mov.u32 %r3, 0x80000000; bfe.s32 %r2, %r3, 28, 8;"), 0xffff_fff8, "beyond the end the sign");
    assert_eq!(number("mov.u32 %r3, 0x33221100; prmt.b32 %r2, %r3, 0x77665584, 0x7c04;"), 0x77ff_0084);
}

#[test]
fn floats_round_once_and_have_one_nan() {
    let of = |how: &str, values: &[f32]| {
        let list: Vec<_> = values.iter().map(|value| written(*value)).collect();
        format!("{how}.f32 %f2, {};", list.join(", "))
    };
    let (a, c) = (1.0 + f32::EPSILON, -1.0 - 2.0 * f32::EPSILON);
    assert_eq!(float(&of("fma.rn", &[a, a, c])), f32::EPSILON * f32::EPSILON, "the product is not rounded before");
    assert_eq!(float(&format!("{} add.rn.f32 %f2, %f2, {};", of("mul.rn", &[a, a]), written(c))), 0.0);
    assert_eq!(float(&of("div.rn", &[1.0, 3.0])), 1.0 / 3.0);
    assert_eq!(float(&of("rcp.rn", &[-0.0])), f32::NEG_INFINITY);
    assert_eq!(float(&of("sqrt.rn", &[2.0])), 2.0_f32.sqrt());
    assert_eq!(float(&of("mul.rn", &[1e-30, 1e-10])), 1e-30 * 1e-10, "small numbers are kept");
    assert_eq!(bits(&of("sub.rn", &[f32::INFINITY, f32::INFINITY])), 0x7fff_ffff);
    assert_eq!(bits(&of("neg", &[f32::NAN])), f32::NAN.to_bits() | 1 << 31);
    assert_eq!(float(&of("max", &[f32::NAN, -3.0])), -3.0);
    assert_eq!(float(&of("min", &[-3.0, f32::NAN])), -3.0);
    assert_eq!(bits(&of("max", &[f32::NAN, f32::NAN])), 0x7fff_ffff);
    assert_eq!(bits(&of("max", &[-0.0, 0.0])), 0, "a zero without a sign is more");
    assert_eq!(bits(&of("min", &[0.0, -0.0])), 1 << 31);
    assert_eq!(number("mov.u32 %r3, -5; abs.s32 %r2, %r3;"), 5);
    assert_eq!(number("mov.u32 %r3, -5; max.s32 %r2, %r3, 3;"), 3);
    assert_eq!(number("mov.u32 %r3, -5; max.u32 %r2, %r3, 3;").cast_signed(), -5);
}

#[test]
fn vectors_are_loaded_and_stored_in_order() {
    let mut memory: Vec<u8> = (0..48).collect();
    let lines = "ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%rd1]; st.v2.u32 [%rd1+16], {%r5, %r2};
        ld.global.v2.u64 {%rd1, %rd2}, [%rd1+32]; mov.u64 %rd3, 0x100000000000000; st.global.u64 [%rd3+24], %rd2;";
    run_on(lines, 1, &mut memory).expect("it runs");
    assert_eq!(memory[16..32], [12, 13, 14, 15, 0, 1, 2, 3, 40, 41, 42, 43, 44, 45, 46, 47]);
    let mut memory = vec![0x80, 0, 0xff, 0x7f, 0, 0, 0, 0];
    let lines = "ld.s8 %r2, [%rd1]; ld.global.u8 %rs1, [%rd1+2]; cvt.u32.u16 %r3, %rs1; add.s32 %r2, %r2, %r3;
        add.s64 %rd2, %rd1, 8; st.global.u16 [%rd2+-4], %r2; ld.u32 %rd4, [%rd1]; st.u8 [%rd1+6], %rd4;";
    run_on(lines, 1, &mut memory).expect("it runs");
    assert_eq!(memory, [0x80, 0, 0xff, 0x7f, 0x7f, 0, 0x80, 0]);
}

#[test]
fn threads_go_different_ways_and_meet_again() {
    // Thread n counts n down, odd ones twice as fast; then all write, those of a guard something else.
    let lines = "mov.u32 %r2, %r1; mov.u32 %r3, 0; and.b32 %r4, %r1, 1; setp.eq.s32 %p1, %r4, 1;
        AGAIN: setp.le.s32 %p2, %r2, 0; @%p2 bra DONE; add.s32 %r3, %r3, 1;
        @!%p1 bra SLOW; bra.uni FAST;
        FAST: sub.s32 %r2, %r2, 2; bra AGAIN;
        SLOW: sub.s32 %r2, %r2, 1; bra.uni AGAIN;
        DONE: @%p1 add.s32 %r3, %r3, 1000; mul.wide.u32 %rd2, %r1, 4; add.s64 %rd3, %rd1, %rd2;
        setp.gt.s32 %p3, %r1, 67; @%p3 ret; st.u32 [%rd3], %r3;";
    let mut memory = vec![0; 4 * 70];
    run_on(lines, 70, &mut memory).expect("it runs");
    for (thread, bytes) in memory.chunks(4).enumerate() {
        let number = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
        let steps = if thread % 2 == 1 { thread.div_ceil(2) + 1000 } else { thread };
        assert_eq!(number as usize, if thread > 67 { 0 } else { steps }, "thread {thread}");
    }
}

#[test]
fn memory_that_is_not_the_kernel_s_is_not_touched() {
    let fault = |lines: &str| run_on(lines, 40, &mut [0; 64]).expect_err("it must not work");
    let (wrong, words) = fault("mul.wide.u32 %rd2, %r1, 2; add.s64 %rd3, %rd1, %rd2; st.u16 [%rd3], %r1;");
    assert_eq!(wrong, Wrong::Outside);
    assert!(words.contains("thread [32, 0, 0]") && words.contains("writes 2 bytes"), "{words}");
    assert!(words.contains("byte 64 from where an allocation of 64 bytes begins"), "{words}");
    let (wrong, words) = fault("ld.u32 %r2, [%rd1+61];");
    assert_eq!((wrong, words.contains("no multiple of 4")), (Wrong::Misaligned, true), "{words}");
    assert_eq!(fault("ld.v2.f32 {%f1, %f2}, [%rd1+4];").0, Wrong::Misaligned, "a pair stands at pairs");
    assert_eq!(fault("mov.u64 %rd2, 0; ld.u8 %r2, [%rd2];").0, Wrong::Outside);
    assert_eq!(fault("ld.u64 %rd2, [%rd1+-8];").0, Wrong::Outside);
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    assert!(refused("bar.sync 0;").contains("bar.sync"));
    assert!(refused("add.ftz.f32 %f1, %f2, %f3;").contains("add.ftz.f32"));
    assert!(refused("add.s32 %r1, %r2, %r99;").contains("%r99"));
    assert!(refused("add.s32 %r1, %r2, %f99;").contains("%f99"));
    assert!(refused("add.s64 %rd1, %rd2, %r1;").contains("operand 2"));
    assert!(refused("ld.shared.u32 %r1, [%rd1];").contains("ld.shared.u32"));
    assert!(refused("@%p1 bra NOWHERE;").contains("NOWHERE"));
    assert!(refused("ld.param.u64 %rd1, [memory+4];").contains("beyond"));
    assert!(refused("cvt.rz.f32.s32 %f1, %r1;").contains("cvt.rz.f32.s32"));
    assert!(refused("mov.u32 %r1, %laneid;").contains("%laneid"));
    assert!(refusal(".global .u32 counter;").what.contains(".global"));
    assert!(refusal(".func f() { ret; }").what.contains(".func"));
    let versions =
        |text: &str, old| parse(&format!(".version {text}\n.target sm_52"), old).map_err(|refusal| refusal.newer);
    assert_eq!([versions("8.2", false), versions("8.3", false)].map(|one| one.err()), [None, Some(true)]);
    assert_eq!([versions("7.2", true), versions("7.3", true)].map(|one| one.err()), [None, Some(true)]);
    assert!(parse(".version 6.0\n.target sm_80", false).is_err_and(|refusal| refusal.what.contains("sm_80")));
}

#[test]
fn shipped_kernels_are_understood_and_damaged_ones_are_refused_without_harm() {
    let shipped = [
        include_str!("../../../../../server/nv/kernels/draw.ptx"),
        include_str!("../../../../../server/nv/kernels/input.ptx"),
        include_str!("../../../../../server/nv/kernels/resize.ptx"),
    ];
    let mut seed = 1_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for text in shipped {
        assert!(!parse(text, false).unwrap_or_else(|refusal| panic!("{refusal:?}")).is_empty());
        let lines: Vec<&str> = text.lines().collect();
        let mut refused = 0;
        for _ in 0..60 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..3 {
                let at = next(bytes.len());
                bytes[at] = b"\0 9%,;.[]{}<>-+@!_fxu\n\"/*("[next(26)];
            }
            refused += usize::from(parse(&String::from_utf8_lossy(&bytes), false).is_err());
            let cut = lines[..next(lines.len())].join("\n");
            refused += usize::from(parse(&cut, true).is_err());
        }
        assert!(refused > 60, "{refused} of 120 were refused");
    }
}
