//! Casts that lose nothing and say nothing new: the planner adds such where types must agree, and a value that goes
//! through one is still the same.

use arrow::datatypes::DataType;

/// Whether every value of a type is the same value of the other.
pub(super) fn keeps_values(from: &DataType, to: &DataType) -> bool {
    use DataType::{
        Date32, Date64, Decimal32, Decimal64, Decimal128, Decimal256, Dictionary, Float16, Float32, Float64, LargeUtf8,
        Null, Timestamp, Utf8, Utf8View,
    };
    match (from, to) {
        _ if from == to => true,
        (Null, _) => true,
        (Dictionary(_, values), _) => keeps_values(values, to),
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View) => true,
        // Precision finer than files have is not a user's.
        (Timestamp(_, a), Timestamp(_, b)) => a == b,
        (Date32 | Date64, Date32 | Date64) => true,
        (Float16 | Float32, Float32 | Float64) | (Float16, Float16) => true,
        (
            Decimal32(precision, scale)
            | Decimal64(precision, scale)
            | Decimal128(precision, scale)
            | Decimal256(precision, scale),
            Decimal32(wide, fine) | Decimal64(wide, fine) | Decimal128(wide, fine) | Decimal256(wide, fine),
        ) => fine >= scale && whole(*wide, *fine) >= whole(*precision, *scale),
        (from, Decimal32(wide, fine) | Decimal64(wide, fine) | Decimal128(wide, fine) | Decimal256(wide, fine)) => {
            digits(from).is_some_and(|it| whole(*wide, *fine) >= it)
        }
        (from, Float32) => digits(from).is_some_and(|it| it <= 5),
        (from, Float64) => digits(from).is_some_and(|it| it <= 10),
        (from, to) if from.is_integer() && to.is_integer() => {
            let (a, b) = (from.primitive_width(), to.primitive_width());
            match (from.is_signed_integer(), to.is_signed_integer()) {
                (true, true) | (false, false) => a <= b,
                (false, true) => a < b,
                (true, false) => false,
            }
        }
        _ => false,
    }
}

/// Digits before the point.
fn whole(precision: u8, scale: i8) -> i16 {
    i16::from(precision) - i16::from(scale)
}

/// Digits that the widest number of a type of whole numbers has.
fn digits(data_type: &DataType) -> Option<i16> {
    match data_type {
        DataType::Int8 | DataType::UInt8 => Some(3),
        DataType::Int16 | DataType::UInt16 => Some(5),
        DataType::Int32 | DataType::UInt32 => Some(10),
        DataType::Int64 => Some(19),
        DataType::UInt64 => Some(20),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType::{Date32, Decimal128, Float64, Int32, Int64, UInt32, UInt64, Utf8, Utf8View};

    use super::keeps_values;

    #[test]
    fn wider_types_keep_values() {
        for (from, to) in [
            (Int32, Int64),
            (UInt32, Int64),
            (Int32, Float64),
            (Int64, Decimal128(20, 0)),
            (Decimal128(10, 2), Decimal128(18, 4)),
            (Utf8View, Utf8),
        ] {
            assert!(keeps_values(&from, &to), "{from} → {to}");
        }
    }

    #[test]
    fn others_make_new_ones() {
        for (from, to) in [
            (Int64, Int32),
            (UInt64, Int64),
            (Int64, Float64),
            (Int64, Decimal128(18, 2)),
            (Decimal128(10, 2), Decimal128(10, 1)),
            (Int32, Utf8),
            (Date32, Utf8),
        ] {
            assert!(!keeps_values(&from, &to), "{from} → {to}");
        }
    }
}
