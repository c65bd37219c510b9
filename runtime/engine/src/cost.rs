//! What each operator costs in fuel: a table of our own, so that counts survive engine upgrades.
//!
//! Host calls are priced in the host function table. A change of any price here or there is a new
//! cost model with a new id; receipts carry the id, and fuel is compared only between equal ids.

use wasmtime::{OperatorCost, VariableOperatorCost};

/// Id of the cost model: operators, variable costs and host calls together.
pub const COST_MODEL: &str = "tenzik-fuel-1";

macro_rules! price {
    // No code is generated for these.
    (Nop) => {
        0
    };
    (Drop) => {
        0
    };
    (Block) => {
        0
    };
    (Loop) => {
        0
    };
    (Else) => {
        0
    };
    (End) => {
        0
    };
    (Return) => {
        0
    };
    (Unreachable) => {
        0
    };
    // A call saves and restores the fuel counter and builds a frame.
    (Call) => {
        4
    };
    (CallIndirect) => {
        8
    };
    // Division is the slowest scalar instruction.
    (I32DivS) => {
        4
    };
    (I32DivU) => {
        4
    };
    (I32RemS) => {
        4
    };
    (I32RemU) => {
        4
    };
    (I64DivS) => {
        8
    };
    (I64DivU) => {
        8
    };
    (I64RemS) => {
        8
    };
    (I64RemU) => {
        8
    };
    (F32Div) => {
        4
    };
    (F64Div) => {
        4
    };
    (F32Sqrt) => {
        4
    };
    (F64Sqrt) => {
        4
    };
    // These leave compiled code for the runtime.
    (MemoryGrow) => {
        200
    };
    (MemoryCopy) => {
        16
    };
    (MemoryFill) => {
        16
    };
    (MemoryInit) => {
        32
    };
    (DataDrop) => {
        16
    };
    (TableGrow) => {
        200
    };
    (TableCopy) => {
        32
    };
    (TableFill) => {
        32
    };
    (TableInit) => {
        32
    };
    (TableGet) => {
        4
    };
    (TableSet) => {
        4
    };
    (ElemDrop) => {
        16
    };
    (RefFunc) => {
        16
    };
    ($operator:ident) => {
        1
    };
}

macro_rules! define_tables {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        /// The prices in the form that the engine takes.
        pub(crate) fn operator_cost() -> OperatorCost {
            OperatorCost { $($op: price!($op),)* variable: variable_cost() }
        }

        fn fixed_prices() -> Vec<(&'static str, u64)> {
            vec![$((stringify!($op), price!($op))),*]
        }
    };
}

wasmparser::for_each_operator!(define_tables);

/// Prices that depend on an operand.
fn variable_cost() -> VariableOperatorCost {
    VariableOperatorCost {
        memory_copy_per_byte: 1,
        memory_fill_per_byte: 1,
        memory_init_per_byte: 1,
        // Low enough that a growth over the memory limit is that fault, and not one of fuel: the limit
        // bounds how many pages a run can ever grow by.
        memory_grow_per_page: 16,
        table_copy_per_element: 2,
        table_fill_per_element: 2,
        table_init_per_element: 4,
        table_grow_per_element: 1,
        ..VariableOperatorCost::new()
    }
}

/// Every price that is not 1, by operator; then the prices for each byte, page or element.
pub fn cost_table() -> Vec<(String, u64)> {
    let variable = variable_cost();
    let per_unit = [
        ("MemoryCopy, per byte", variable.memory_copy_per_byte),
        ("MemoryFill, per byte", variable.memory_fill_per_byte),
        ("MemoryInit, per byte", variable.memory_init_per_byte),
        ("MemoryGrow, per page", variable.memory_grow_per_page),
        ("TableCopy, per element", variable.table_copy_per_element),
        ("TableFill, per element", variable.table_fill_per_element),
        ("TableInit, per element", variable.table_init_per_element),
        ("TableGrow, per element", variable.table_grow_per_element),
    ];
    let fixed = fixed_prices().into_iter().filter(|(_, price)| *price != 1);
    fixed
        .map(|(name, price)| (name.to_owned(), price))
        .chain(per_unit.map(|(name, price)| (name.to_owned(), u64::from(price))))
        .collect()
}
