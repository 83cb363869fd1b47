(* Runs an extracted program: an event tree against a memory and a set of primitives given as OCaml
   functions. The extracted code must be in semantics.ml (see Extract.v). *)
open Semantics

(* ---- Z and OCaml's int64, taken as unsigned ---- *)
let rec positive_of n =
  let rest = Int64.shift_right_logical n 1 in
  if rest = 0L then XH
  else if Int64.logand n 1L = 1L then XI (positive_of rest)
  else XO (positive_of rest)

let z_of n = if n = 0L then Z0 else Zpos (positive_of n)

exception Out_of_range

let of_positive p =
  let rec go p depth =
    if depth > 64 then raise Out_of_range;
    match p with
    | XH -> 1L
    | XO q -> Int64.shift_left (go q (depth + 1)) 1
    | XI q -> Int64.logor (Int64.shift_left (go q (depth + 1)) 1) 1L
  in
  go p 1

(* Fails on what no C object can hold. *)
let of_z = function Z0 -> 0L | Zpos p -> of_positive p | Zneg _ -> raise Out_of_range

let show n = Printf.sprintf "%Lu" n
let parse s = Int64.of_string ("0u" ^ s)

(* ---- memory: cells by name and indices, zero where nothing was written ---- *)
type memory = (string * int64 list, int64) Hashtbl.t

let read (m : memory) l = try Hashtbl.find m l with Not_found -> 0L

let dump (m : memory) =
  Hashtbl.fold (fun (c, ix) v acc -> if v = 0L then acc else (c, ix, v) :: acc) m []
  |> List.sort compare
  |> List.map (fun (c, ix, v) -> Printf.sprintf "M %s%s = %s" c (String.concat "" (List.map (fun i -> " " ^ show i) ix)) (show v))

let reason = function
  | Uninitialised -> "uninitialised"
  | Index_out_of_bounds -> "index"
  | Shift_too_large -> "shift"
  | Division_by_zero -> "division"
  | Missing_return -> "missing-return"
  | Missing_value -> "missing-value"
  | Wrong_arguments -> "arguments"
  | Unknown_function -> "unknown-function"
  | Out_of_fuel -> "fuel"
  | Stray_jump -> "jump"

type outcome = Result of int64 option | Stuck_at of string

(* [prim f args] is the answer of a primitive; its result type cuts it to size in the semantics. *)
let rec run (m : memory) prim = function
  | Ret None -> Result None
  | Ret (Some v) -> Result (Some (of_z v))
  | Stuck why -> Stuck_at (reason why)
  | Ev (ERead (c, ix), k) -> run m prim (k (z_of (read m (c, List.map of_z ix))))
  | Ev (EWrite ((c, ix), v), k) ->
    Hashtbl.replace m (c, List.map of_z ix) (of_z v);
    run m prim (k Z0)
  | Ev (ECall (f, args), k) -> run m prim (k (z_of (prim f (List.map of_z args))))
